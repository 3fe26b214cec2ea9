// Runs a command to its end.

interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command. @returns its output @throws Error with its output if it fails */
export async function run(
  command: readonly string[],
  { cwd = process.cwd(), env = {} }: RunOptions = {},
): Promise<string> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (status === 0) return stdout;
  throw new Error(`Cannot run ${command.join(" ")} (status ${status}):\n${stdout}${stderr}`);
}

/** Whether a command can be started and ends with status 0. */
export async function succeeds(command: readonly string[]): Promise<boolean> {
  return run(command)
    .then(() => true)
    .catch(() => false);
}
