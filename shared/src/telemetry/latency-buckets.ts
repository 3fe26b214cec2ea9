// The buckets of every histogram of times.

/**
 * Upper bounds in seconds, from a read in memory to a call that ran into its deadline. There is one
 * below and one above each default deadline, of 2 and of 5 s.
 */
export const latencyBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 3, 5, 6, 10,
];
