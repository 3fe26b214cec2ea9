// A disk that takes its time for every flush: callers share flushes, and none is refused.
import { expect, test } from "bun:test";
import { startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { repeat } from "../support/load.ts";
import { median } from "../support/median.ts";
import { newUser, sending } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";

test.each([50, 200])(
  "with %i ms for every flush, 64 callers share each, and probes are answered in between",
  async (flushDelayMs) => {
    await using shim = await startShim();
    await using folder = await temporaryFolder();
    await using users = await startExecutable("user-service", { cwd: folder.path, env: shim.env });
    const writes = amount({ full: 64 * 50, fast: 64 * 10 });
    let next = 0;
    shim.set({ flushDelayMs });
    const flushesBefore = shim.flushes;
    const startedAt = performance.now();
    const waits: number[] = [];
    const probes = repeat(1, async () => {
      const askedAt = performance.now();
      expect((await users.fetch("/health")).status).toBe(200);
      waits.push(performance.now() - askedAt);
      await Bun.sleep(10);
    });
    const callers = Array.from({ length: 64 }, async () => {
      while (next < writes) {
        const answer = await users.fetch("/users", sending("POST", newUser(next++)));
        expect(answer.status).toBe(201);
        await answer.body?.cancel();
      }
    });
    await Promise.all(callers);
    const seconds = (performance.now() - startedAt) / 1000;
    await probes.stop();
    const flushes = shim.flushes - flushesBefore;
    console.log(
      `${flushDelayMs} ms a flush: ${writes} writes by 64 callers in ${seconds.toFixed(1)} s and ` +
        `${flushes} flushes; /health answered after ${median(waits).toFixed(0)} ms in the middle, ` +
        `${Math.max(...waits).toFixed(0)} ms at most`,
    );
    expect(writes / flushes).toBeGreaterThan(16);
    // A commit stops everything else for the time of its flush, and now and then for three of them.
    expect(median(waits)).toBeLessThan(6 * flushDelayMs);
  },
);
