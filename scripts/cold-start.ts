// How long an executable takes from its start, with an empty folder around it, to its first answer.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const starts = 9;

/** Milliseconds from the start of a service's process to its first 200; the median of several. */
export async function coldStartMs(executable: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < starts; n += 1) times.push(await firstAnswerMs(executable));
  times.sort((a, b) => a - b);
  return Math.round(times[starts >> 1] ?? Number.NaN);
}

async function firstAnswerMs(executable: string): Promise<number> {
  const cwd = await mkdtemp(join(tmpdir(), "platform-cold-start-"));
  const startedAt = performance.now();
  const child = Bun.spawn([executable], {
    cwd,
    env: { HOST: "127.0.0.1", PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = `http://127.0.0.1:${await readPort(child.stdout)}/ready`;
    const { status } = await fetch(url);
    const ms = performance.now() - startedAt;
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    return ms;
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    await rm(cwd, { recursive: true, force: true });
  }
}

/** The port in the first line of a service's log. */
async function readPort(log: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of log) {
    text += decoder.decode(chunk, { stream: true });
    const port = /"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return port;
  }
  throw new Error(`It ended before it listened: ${text}`);
}
