// A disk whose every flush is slow: concurrent writes share a flush, and none is refused.
import { expect, test } from "bun:test";
import { repeatTimed } from "../support/load.ts";
import { median } from "../support/median.ts";
import { newUser, sending } from "../support/platform/resources.ts";
import { startService } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";

test.each([50, 200])(
  "POST /users shares flushes of %i ms between 64 clients, and health probes get through",
  async (flushDelayMs) => {
    await using shim = await startShim();
    await using users = await startService("user-service", shim.env);
    const writes = amount({ full: 64 * 50, fast: 64 * 10 });
    let next = 0;
    shim.set({ flushDelayMs });
    const flushesBefore = shim.flushes;
    const startedAt = performance.now();
    const probe = async () => expect((await users.fetch("/health")).status).toBe(200);
    const probes = repeatTimed(1, probe, 10);
    const callers = Array.from({ length: 64 }, async () => {
      while (next < writes) {
        const response = await users.fetch("/users", sending("POST", newUser(next++)));
        expect(response.status).toBe(201);
        await response.body?.cancel();
      }
    });
    await Promise.all(callers);
    const seconds = (performance.now() - startedAt) / 1000;
    const waits = await probes.stop();
    const flushes = shim.flushes - flushesBefore;
    console.log(
      `${flushDelayMs} ms a flush: ${writes} writes by 64 clients in ${seconds.toFixed(1)} s and ` +
        `${flushes} flushes; /health took ${median(waits).toFixed(0)} ms (median), ` +
        `${Math.max(...waits).toFixed(0)} ms (maximum)`,
    );
    expect(writes / flushes).toBeGreaterThan(16);
    // A commit blocks the event loop for one flush, and sometimes for three.
    expect(median(waits)).toBeLessThan(6 * flushDelayMs);
  },
);
