// Expected failures as return values: an error that is thrown rolls a transaction back.

/** Returns `outcome`, or throws it if it is an error. Call it after the transaction. */
export function unwrap<T>(outcome: T): Exclude<T, Error> {
  if (outcome instanceof Error) throw outcome;
  // The line above has excluded errors, but the compiler does not narrow type parameters.
  return outcome as Exclude<T, Error>;
}
