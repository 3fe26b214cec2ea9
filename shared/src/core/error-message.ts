// A thrown value, which JavaScript lets be anything, as a line for the operator.

/** The message of an error; any other value as text. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
