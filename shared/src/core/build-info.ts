// Which build this is. `bun run build` replaces both names by string literals.
declare const BUILD_VERSION: string;
declare const BUILD_COMMIT: string;

/** The version and commit of this executable; `dev` and `unknown` when run from source. */
export const buildInfo = {
  version: typeof BUILD_VERSION === "undefined" ? "dev" : BUILD_VERSION,
  commit: typeof BUILD_COMMIT === "undefined" ? "unknown" : BUILD_COMMIT,
} as const;

/** Whether this process is an executable, and not run from source by Bun. */
export const isExecutable = typeof BUILD_VERSION !== "undefined";
