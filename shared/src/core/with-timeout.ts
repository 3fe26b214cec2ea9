// A bound for work that may never settle.

/**
 * Settles as `work` does, or rejects when `ms` have passed; the work goes on.
 *
 * @param onTimeout makes the error of the rejection
 */
export function withTimeout<T>(
  work: PromiseLike<T>,
  ms: number,
  onTimeout: () => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(onTimeout()), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
