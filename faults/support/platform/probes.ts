// The probes of an orchestrator, asked again and again while a test does something to the database.
import type { Running } from "../../../shared/testing/executable.ts";

/** The longest time from the database's return until a service is ready, in ms. */
const maxReturnMs = 5000;

/** Probes of one or more services. */
export interface Probes extends AsyncDisposable {
  /** Resolves when every service is ready, or when none is. */
  until(isReady: boolean): Promise<void>;
  /**
   * Resolves when every service is ready.
   *
   * @param since when the database was there again, as `performance.now()` has it
   * @returns the time in between, in ms
   * @throws Error if that is more than 5 s, and three times what `/health` took at most
   */
  untilReadyAgain(since: number): Promise<number>;
  /** @throws Error if `/health` was not 200 at any time */
  expectAlive(): void;
  /** How long the slowest response of `/health` took, in ms: it waits for nothing but the machine. */
  readonly slowestMs: number;
}

interface State {
  isReady: boolean | undefined;
}

/** Starts to probe. */
export function startProbes(services: readonly Pick<Running, "url">[], intervalMs = 50): Probes {
  const states: State[] = services.map(() => ({ isReady: undefined }));
  const unhealthy: string[] = [];
  let slowestMs = 0;
  let isOver = false;
  let change = Promise.withResolvers<void>();

  async function statusOf(url: string): Promise<number> {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    return response?.status ?? 0;
  }
  async function watchHealth({ url }: Pick<Running, "url">): Promise<void> {
    while (!isOver) {
      const askedAt = performance.now();
      const status = await statusOf(`${url}/health`);
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
      if (status !== 200 && !isOver) unhealthy.push(`${url}: ${status}`);
      await Bun.sleep(intervalMs);
    }
  }
  async function watchReadiness({ url }: Pick<Running, "url">, state: State): Promise<void> {
    while (!isOver) {
      const isReady = (await statusOf(`${url}/ready`)) === 200;
      if (isReady !== state.isReady) {
        state.isReady = isReady;
        change.resolve();
        change = Promise.withResolvers();
      }
      await Bun.sleep(intervalMs);
    }
  }
  const watching = services.flatMap((service, index) => [
    watchHealth(service),
    watchReadiness(service, states[index] ?? { isReady: undefined }),
  ]);
  async function until(isReady: boolean): Promise<void> {
    while (!states.every((state) => state.isReady === isReady)) await change.promise;
  }
  return {
    until,
    get slowestMs() {
      return slowestMs;
    },
    async untilReadyAgain(since) {
      await until(true);
      const tookMs = performance.now() - since;
      // What a busy machine adds: some turns of the service, each like those of a probe.
      if (tookMs > maxReturnMs + 3 * slowestMs)
        throw new Error(`Ready after ${Math.round(tookMs)} ms`);
      return tookMs;
    },
    expectAlive() {
      if (unhealthy.length > 0) throw new Error(`/health: ${unhealthy.join(", ")}`);
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(watching);
    },
  };
}
