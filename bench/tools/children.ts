// The processes that this run has started, to be ended with it.

const running = new Set<Bun.Subprocess>();

/** Remembers a process until it ends. */
export function track(child: Bun.Subprocess): void {
  running.add(child);
  void child.exited.then(() => running.delete(child));
}

/** Kills all at once, for the end of an interrupted run. */
export function killChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}
