// The codes of the operating system's errors, such as `ENOENT`.

/** Whether an error of the system is one of these. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    codes.includes(error.code)
  );
}
