// Ctrl-C, and a CI run that is cancelled or out of time, are signals, which a deploy answers by a roll-back. GitHub
// sends SIGINT to the process that it has started for the step, so that the step has to start deploy.sh by `exec`;
// SIGTERM follows after 7.5 seconds, and after 2.5 more GitHub kills every process of the step.

let next = new AbortController();

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => next.abort(new Error(`Interrupted by ${name}`)));
}

/** Aborts on the next SIGINT, SIGTERM or SIGHUP. A signal given out before no longer does. */
export function nextSignal(): AbortSignal {
  next = new AbortController();
  return next.signal;
}
