// How a deploy ends.

/** What its exit status means: see ../deploy.sh. */
export const status = { deployed: 0, asBefore: 1, needsOperator: 3 } as const;

/** What a caught value says. */
export const messageOf = (error: unknown) =>
  error instanceof Error ? error.message : String(error);
