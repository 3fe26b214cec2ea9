// Error codes of the operating system, such as `ENOENT`.

/** Whether `error` comes from the operating system and has one of these codes. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    codes.includes(error.code)
  );
}
