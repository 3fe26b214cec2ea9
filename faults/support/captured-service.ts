// A service whose output is kept byte by byte, or thrown away where a test does not read it.
import { spawnExecutable, type ServiceName } from "../../shared/testing/executable.ts";

/** A running process of a service. */
export interface CapturedService extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** All output so far; with `isKept: false` only what was printed before the service listened. */
  printed(): { readonly stdout: string; readonly stderr: string };
}

/** Starts a service on a free port and waits until it listens. */
export async function startCapturedService(
  service: ServiceName,
  {
    cwd,
    env = {},
    isKept = true,
  }: { cwd: string; env?: Readonly<Record<string, string>>; isKept?: boolean },
): Promise<CapturedService> {
  const child = spawnExecutable(service, [], {
    cwd,
    env: { PORT: "0", HOST: "127.0.0.1", ...env },
    stdout: "pipe",
  });
  const printed = { stdout: "", stderr: "" };
  const listening = Promise.withResolvers<number>();
  let isListening = false;

  async function read(stream: "stdout" | "stderr"): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of child[stream]) {
      if (isListening && !isKept) continue;
      printed[stream] += decoder.decode(chunk, { stream: true });
      const port = /"port":(\d+)[^\n]*"msg":"listening"/.exec(printed[stream])?.[1];
      if (isListening || port === undefined) continue;
      isListening = true;
      listening.resolve(Number(port));
    }
  }
  const ended = Promise.all([read("stdout"), read("stderr"), child.exited]);
  const exited = ended.then(([, , status]) => status);
  void exited.then((status) => {
    listening.reject(new Error(`${service} exited with ${status}: ${printed.stderr}`));
  });

  const port = await listening.promise;
  return {
    pid: child.pid,
    port,
    exited,
    kill: (signal) => child.kill(signal),
    printed: () => printed,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
