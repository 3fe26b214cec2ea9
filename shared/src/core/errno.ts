// The codes of errors of the operating system, such as `ENOENT`.

/** Whether an error of the operating system has one of these codes. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    codes.includes(error.code)
  );
}
