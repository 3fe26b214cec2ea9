// A caught value as text.

/**
 * The message of an error, and any other value as text. errorMessage() of shared leaves out the path that an error
 * of the operating system names: its callers name it themselves.
 */
export const messageOf = (error: unknown) =>
  error instanceof Error ? error.message : String(error);
