import { describe, expect, test } from "bun:test";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import { circuitBreaker, type CallOutcome } from "../../src/user-service/circuit-breaker.ts";

interface Result {
  readonly outcome: CallOutcome;
}

const failure: Result = { outcome: "failure" };
const success: Result = { outcome: "success" };
const inconclusive: Result = { outcome: "inconclusive" };

/** A circuit in front of calls that end as the test says. */
const circuitAt = (clock: { ms: number }) =>
  circuitBreaker({
    call: async (result: Result | Promise<Result>) => result,
    outcomeOf: ({ outcome }) => outcome,
    now: () => clock.ms,
  });

async function open(circuit: ReturnType<typeof circuitAt>) {
  for (let n = 0; n < 5; n += 1) await circuit.call(failure);
}

describe("circuitBreaker()", () => {
  test("opens after five failures in a row, and not before", async () => {
    const circuit = circuitAt({ ms: 0 });
    for (let n = 0; n < 4; n += 1) await circuit.call(failure);
    await circuit.call(success);
    for (let n = 0; n < 4; n += 1) await circuit.call(failure);
    expect(circuit.state).toBe("closed");
    await circuit.call(failure);
    expect(circuit.state).toBe("open");
    expect(await circuit.call(success)).toBe("circuit-open");
  });

  test("makes one call after five seconds open, and no other meanwhile", async () => {
    const clock = { ms: 1000 };
    const circuit = circuitAt(clock);
    await open(circuit);
    clock.ms += 4999;
    expect(await circuit.call(success)).toBe("circuit-open");
    clock.ms += 1;
    const { promise, resolve } = Promise.withResolvers<Result>();
    const probe = circuit.call(promise);
    expect(circuit.state).toBe("half-open");
    expect(await circuit.call(success)).toBe("circuit-open");
    resolve(success);
    expect(await probe).toBe(success);
    expect(circuit.state).toBe("closed");
    expect(await circuit.call(success)).toBe(success);
  });

  test("ignores how a call ends that began before the circuit opened", async () => {
    const clock = { ms: 1000 };
    const circuit = circuitAt(clock);
    const slow = Promise.withResolvers<Result>();
    const early = circuit.call(slow.promise);
    await open(circuit);
    clock.ms += 5000;
    const probe = Promise.withResolvers<Result>();
    const probed = circuit.call(probe.promise);
    slow.resolve(failure);
    expect(await early).toBe(failure);
    expect(circuit.state).toBe("half-open");
    probe.resolve(success);
    await probed;
    expect(circuit.state).toBe("closed");
  });

  test("stays open for another five seconds after a probe that fails", async () => {
    const clock = { ms: 1000 };
    const circuit = circuitAt(clock);
    await open(circuit);
    clock.ms += 5000;
    expect(await circuit.call(failure)).toBe(failure);
    expect(circuit.state).toBe("open");
    clock.ms += 4999;
    expect(await circuit.call(success)).toBe("circuit-open");
    clock.ms += 1;
    expect(await circuit.call(success)).toBe(success);
  });

  test("counts failures in a row across calls that are inconclusive", async () => {
    const circuit = circuitAt({ ms: 0 });
    for (let n = 0; n < 4; n += 1) await circuit.call(failure);
    expect(await circuit.call(inconclusive)).toBe(inconclusive);
    expect(circuit.state).toBe("closed");
    await circuit.call(failure);
    expect(circuit.state).toBe("open");
  });

  test("stays open after a probe that is inconclusive, and makes the next call a probe", async () => {
    const clock = { ms: 1000 };
    const circuit = circuitAt(clock);
    await open(circuit);
    clock.ms += 5000;
    expect(await circuit.call(inconclusive)).toBe(inconclusive);
    expect(circuit.state).toBe("open");
    expect(await circuit.call(success)).toBe(success);
    expect(circuit.state).toBe("closed");
  });

  test("counts a call that rejects as a failure, and passes its error on", async () => {
    const circuit = circuitAt({ ms: 0 });
    const error = new Error("bug");
    for (let n = 0; n < 5; n += 1) {
      expect(await rejectionOf(circuit.call(Promise.reject(error)))).toBe(error);
    }
    expect(circuit.state).toBe("open");
  });
});
