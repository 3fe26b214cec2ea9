// A thrown value, which JavaScript lets be anything, as a line for the operator.
import { errnoReason } from "./errno.ts";

/**
 * The message of an error, and any other value as text. An error of the operating system is put into
 * words, since its own message holds a code, the name of a system call and temporary names.
 */
export function errorMessage(error: unknown): string {
  const reason = errnoReason(error);
  if (reason !== undefined) return `${reason.cause}; ${reason.remedy}`;
  return error instanceof Error ? error.message : String(error);
}
