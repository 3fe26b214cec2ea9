// The error of a promise that has to be rejected.

/** The error that a promise is rejected with. @throws Error if it is not rejected with an error */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  const reason: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof Error) return reason;
  throw new Error("The promise was not rejected with an error");
}
