// A service whose every printed byte is kept, or thrown away where nobody looks at it.
import { executableOf, type ServiceName } from "../../shared/testing/executable.ts";

/** A running process of a service. */
export interface Observed extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** All that it has printed on stdout and stderr; until it listened, unless everything is kept. */
  printed(): { readonly stdout: string; readonly stderr: string };
}

/** Starts a service on any free port, and waits until it listens. */
export async function startObserved(
  service: ServiceName,
  {
    cwd,
    env = {},
    isKept = true,
  }: { cwd: string; env?: Readonly<Record<string, string>>; isKept?: boolean },
): Promise<Observed> {
  const child = Bun.spawn([executableOf(service)], {
    cwd,
    env: { PATH: "/nonexistent", PORT: "0", HOST: "127.0.0.1", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const printed = { stdout: "", stderr: "" };
  const listening = Promise.withResolvers<number>();
  let isListening = false;

  async function keep(stream: "stdout" | "stderr"): Promise<void> {
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
  const ended = Promise.all([keep("stdout"), keep("stderr"), child.exited]);
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
