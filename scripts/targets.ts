/**
 * The machines that a release has executables for, by Bun's names of the targets. Windows is not among
 * them: the storage on SQLite relies on file locks and renames of POSIX, and no test runs there.
 */
export const targets = [
  "linux-x64",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;

/** One of them. */
export type Target = (typeof targets)[number];
