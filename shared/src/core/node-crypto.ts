// Node's cryptography, for what the Web's lacks or only does asynchronously.

let loaded: typeof import("node:crypto") | undefined;

/** Loads it at the first call, which takes several milliseconds: no start of a service needs it. */
export const nodeCrypto = () => (loaded ??= process.getBuiltinModule("node:crypto"));
