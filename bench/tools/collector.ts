// A collector of traces, in a process of its own, so that it takes no time of the services.
import { join } from "node:path";
import { track } from "./children.ts";

/** A running collector. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  /** How many spans it has got. */
  spans(): Promise<number>;
}

/** Starts a collector. @param pinned the words in front of its command that pin it to a core */
export async function startCollector(pinned: readonly string[]): Promise<Collector> {
  const script = join(import.meta.dir, "collector-process.ts");
  const child = Bun.spawn([...pinned, process.execPath, script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  track(child);
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const url = new TextDecoder().decode(value).trim();
  return {
    url,
    spans: async () => Number(await (await fetch(url)).text()),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}
