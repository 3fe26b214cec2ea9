// The tour of docs/tour.md, as a reader types it: the services respond and log what the page shows.
import { expect, test } from "bun:test";
import { codeBlocks } from "../../shared/testing/code-blocks.ts";
import { root } from "../root.ts";
import { startDev } from "./dev-process.ts";
import { readPage } from "./pages.ts";

/** Printed before each command, to tell the responses apart; it is in none of them. */
const mark = "\u001e";

/** A command of a console block, and what the page shows after it. */
interface Step {
  readonly command: string;
  readonly shown: string;
}

/** The commands of a console block. The lines that continue one are indented; responses are not. */
function stepsOf(code: string): readonly Step[] {
  return code
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command = ""] = /^.*\n(?: .*\n)*/.exec(text) ?? [];
      return { command, shown: text.slice(command.length).trim() };
    });
}

/** A response with its header fields in alphabetical order: their order means nothing. */
function sorted(response: string): string {
  const [head = "", ...rest] = response.split("\n\n");
  if (!head.startsWith("HTTP/")) return response;
  const [status = "", ...fields] = head.split("\n");
  return [[status, ...fields.toSorted()].join("\n"), ...rest].join("\n\n");
}

/** Replaces what differs from run to run; an id gets a number by where it appears first. */
function normaliser() {
  const ids = new Map<string, string>();
  const numbered = (id: string) => {
    const known = ids.get(id) ?? `id-${ids.size + 1}`;
    ids.set(id, known);
    return known;
  };
  return (text: string) =>
    text
      .replaceAll("\r", "")
      .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, numbered)
      .replaceAll(/^Date: .*$/gm, "Date: DATE")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replaceAll(/\[[\d:.]+\]/g, "[TIME]")
      .replaceAll(/[\d.]+ ms/g, "N ms")
      .replaceAll(/^ETag: "\w+"$/gm, "ETag: TAG")
      .trim();
}

const blocks = codeBlocks(await readPage("docs/tour.md"));
const steps = blocks.flatMap(({ language, code }) => (language === "console" ? stepsOf(code) : []));
const isSkipped = !process.env["CI"] && Bun.which("curl") === null;

test.skipIf(isSkipped)("docs/tour.md shows what the services respond and log", async () => {
  await using dev = await startDev();
  const script = steps
    .map(({ command }) => `printf '${mark}'\n${command}`)
    .join("")
    .replaceAll(/localhost:800([01])/g, (_, digit) => `localhost:${dev.port + Number(digit)}`);
  const shell = Bun.spawn(["sh", "-c", script], { cwd: root, stderr: "ignore" });
  const responses = (await shell.stdout.text()).split(mark).slice(1);

  const shown = normaliser();
  const seen = normaliser();
  expect(steps.length).toBeGreaterThan(3);
  for (const [index, step] of steps.entries()) {
    expect(sorted(seen(responses[index] ?? ""))).toBe(sorted(shown(step.shown)));
  }

  const lastLines = ["request POST /orders 201", "call user-service 200", "request GET /users/"];
  for (const line of lastLines) await dev.shown(line);
  const log = blocks.find(({ code }) => code.includes("user-service  │"))?.code ?? "";
  const orderId = /request POST \/orders .*"request_id":"([^"]+)"/.exec(log)?.[1] ?? "";
  // The id has its number in both: what the page shows is one order, from its response to its log.
  const logged = dev.lines.filter((line) => seen(line).includes(`"${shown(orderId)}"`));
  expect(logged.map(seen).toSorted()).toEqual(log.trim().split("\n").map(shown).toSorted());
});
