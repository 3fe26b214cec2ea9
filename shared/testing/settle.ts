// Time that passes as fast as promises need it.
import { jest } from "bun:test";

/**
 * Lets time pass until a promise is settled: a turn of the event loop for every `stepMs`. The test has
 * fake timers.
 */
export async function settle<T>(promise: Promise<T>, stepMs: number): Promise<T> {
  let isSettled = false;
  const settled = promise.finally(() => (isSettled = true));
  while (!isSettled) {
    await new Promise((resolve) => setImmediate(resolve));
    jest.advanceTimersByTime(stepMs);
  }
  return settled;
}
