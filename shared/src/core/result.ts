// Expected failures as values, until they are out of the transaction that found them.

/** The value of an outcome; throws it if it is an error. */
export function unwrap<T>(outcome: T): Exclude<T, Error> {
  if (outcome instanceof Error) throw outcome;
  // The line above leaves the rest, which the compiler does not work out for a type parameter.
  return outcome as Exclude<T, Error>;
}

/**
 * The value that a schema's check has promised. Its absence means that the schema lets through what
 * the parser refuses, which must not be papered over.
 */
export function promised<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("A schema accepted what its parser refuses");
  return value;
}
