// The processes that this run has started; they end with it.

const running = new Set<Bun.Subprocess>();

/** Remembers a process until it ends. */
export function track(child: Bun.Subprocess): void {
  running.add(child);
  void child.exited.then(() => running.delete(child));
}

/** Kills all of them, at the end of an interrupted run. */
export function killChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}
