// Expected failures as values, until they are out of the transaction that found them.

/** The value of an outcome; throws it if it is an error. */
export function unwrap<T>(outcome: T): Exclude<T, Error> {
  if (outcome instanceof Error) throw outcome;
  // The line above leaves the rest, which the compiler does not work out for a type parameter.
  return outcome as Exclude<T, Error>;
}
