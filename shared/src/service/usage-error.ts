// What a wrong command line throws.

/** Thrown for a command line that names no command, or not what the command needs. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
