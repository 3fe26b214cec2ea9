// Properties over generated values.
import * as fc from "fast-check";

/** Checks a property for `numRuns` generated values, and shrinks the first value that fails. */
export function forAll<T>(
  values: fc.Arbitrary<T>,
  numRuns: number,
  check: (value: T) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(values, check), { numRuns });
}
