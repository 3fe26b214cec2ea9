// Progress on the terminal.

const startedAt = performance.now();

/** Minutes and seconds. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Prints a line with the time since the start. */
export function say(text: string): void {
  process.stderr.write(`[${clock(performance.now() - startedAt).padStart(6)}] ${text}\n`);
}
