// Ctrl-C and the end of a CI run reach the process as signals, which a deploy answers by a roll-back.

let next = new AbortController();

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => next.abort(new Error(`Interrupted by ${name}`)));
}

/** Aborts on the next SIGINT, SIGTERM or SIGHUP. A signal given out before no longer does. */
export function nextSignal(): AbortSignal {
  next = new AbortController();
  return next.signal;
}
