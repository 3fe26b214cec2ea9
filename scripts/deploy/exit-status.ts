// How a deploy ends.

/** What its exit status means: see ../deploy.sh. */
export const status = { deployed: 0, asBefore: 1, needsOperator: 3 } as const;
