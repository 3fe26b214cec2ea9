// What the platform's images set for Bun's allocator. The floor gets it too: it is Bun's, not the
// platform's, and the floor is the most that Bun can do.

/** The variables. docs/decisions/keeping-free-memory.md says why. */
export const imageEnv: Readonly<Record<string, string>> = { MIMALLOC_PURGE_HOLES: "0" };
