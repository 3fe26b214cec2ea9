// `bun run dev --auth` and `bun run dev:token`: services that accept tokens, on one machine.
import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../shared/testing/free-port.ts";
import { bearer } from "../../shared/testing/test-issuer.ts";
import { services } from "../services.ts";
import { devFolder, startDev } from "./dev-process.ts";

const privateKey = "data/dev-auth/private-key.json";
const nowhere = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

/** Runs `scripts/dev-token.ts` in a folder to its end. */
function devToken(folder: string, ...args: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, "scripts/dev-token.ts", ...args],
    { cwd: folder },
  );
  return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** The header field with a token of `bun run dev:token`. */
function withToken(folder: string, ...args: readonly string[]) {
  const { status, stdout } = devToken(folder, ...args);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return bearer(stdout.trim());
}

const isSkipped = !process.env["CI"] && Bun.which("curl") === null;

test("bun run dev --auth that cannot write its keys says so, and not to delete a key", async () => {
  await using folder = await devFolder();
  const place = join(folder.path, "data/dev-auth");
  await Bun.write(place, "A file in the place of the folder");
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "scripts/dev.ts", "--auth"], {
    cwd: folder.path,
    env: { ...process.env, PORT: `${freePort(services.length)}`, HOST: "", DATABASE_URL: "" },
  });
  expect(stderr.toString()).toStartWith(`Cannot write ${join(place, "private-key.json")}: `);
  expect(stderr.toString()).not.toContain("delete");
  expect(exitCode).toBe(1);
});

test.skipIf(isSkipped)("the commands that bun run dev --auth prints do what they say", async () => {
  await using folder = await devFolder();
  await using dev = await startDev({ args: ["--auth"], folder: folder.path });
  await dev.shown("curl -sS -w '\\n' -i ");
  const script = dev.lines
    .slice(dev.lines.indexOf("Try:") + 1)
    .filter((line) => !line.includes(" │ "))
    .join("\n")
    .replace(/\$\(.* run --silent dev:token/, `$('${process.execPath}' scripts/dev-token.ts`);
  const shell = Bun.spawn(["sh", "-c", script], { cwd: folder.path, stderr: "pipe" });
  const [output, errors] = await Promise.all([shell.stdout.text(), shell.stderr.text()]);
  expect(errors).toBe("");

  const [user = "", list = "", confirmed = "", refused = ""] = output.split(/\n(?=[[{H])/);
  const [order, ...others] = JSON.parse(list);
  expect(others).toEqual([]);
  expect(order.user_id).toBe(JSON.parse(user).id);
  const change = { status: "confirmed", updated_at: expect.any(String) };
  expect(JSON.parse(confirmed)).toEqual({ ...order, ...change });
  expect(refused).toStartWith("HTTP/1.1 401 ");
});

describe("bun run dev:token", () => {
  test("makes tokens that the services accept, also those of before a restart", async () => {
    await using folder = await devFolder();
    const args = ["--auth"];
    const read = ["--scope", "users:read", "--scope", "orders:read"];
    let early: ReturnType<typeof bearer>;
    {
      await using _ = await startDev({ args, folder: folder.path });
      early = withToken(folder.path, ...read);
      expect(statSync(join(folder.path, privateKey)).mode & 0o777).toBe(0o600);
    }
    await using dev = await startDev({ args, folder: folder.path });
    const users = `http://localhost:${dev.port}/users`;
    const orders = `http://localhost:${dev.port + 1}/orders`;
    const status = async (url: string, headers = {}) => (await fetch(url, { headers })).status;

    expect(await status(users, early)).toBe(200);
    expect(await status(orders, early)).toBe(200);
    expect(await status(users)).toBe(401);
    expect(await status(orders)).toBe(401);

    const ofUsers = withToken(folder.path, ...read, "--audience", "user-service");
    expect(await status(users, ofUsers)).toBe(200);
    expect(await status(orders, ofUsers)).toBe(401);
    expect(await status(users, withToken(folder.path, "--scope", "orders:read"))).toBe(403);

    const person = withToken(folder.path, ...read, "--user", nowhere, "--minutes", "1");
    expect(await status(orders, person)).toBe(200);
    expect(await status(`${orders}?user_id=${crypto.randomUUID()}`, person)).toBe(403);
  });

  test("without a key says how to make one, and puts nothing on stdout", async () => {
    await using folder = await devFolder();
    expect(devToken(folder.path, "--scope", "users:read")).toEqual({
      status: 1,
      stdout: "",
      stderr: "There is no key yet. Make one by starting: bun run dev --auth\n",
    });
  });

  test("with a damaged key names its file, and puts nothing on stdout", async () => {
    await using folder = await devFolder();
    await Bun.write(join(folder.path, privateKey), "{}");
    const { status, stdout, stderr } = devToken(folder.path, "--scope", "users:read");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toStartWith(`Cannot use the key in ${join(folder.path, privateKey)}: `);
    expect(stderr).toContain("delete it");
  });
});
