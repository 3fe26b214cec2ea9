// A call that is still in progress while a test looks at the rest.

/** A function whose calls wait until the test calls `finish`; `called` resolves at the first call. */
export function heldCall<T>() {
  const called = Promise.withResolvers<void>();
  const result = Promise.withResolvers<T>();
  const call = () => {
    called.resolve();
    return result.promise;
  };
  return { call, called: called.promise, finish: result.resolve };
}
