import { describe, expect, test } from "bun:test";
import { rejectionOf } from "@platform/shared/testing/running-service";
import { circuitBreaker, type CircuitBreaker } from "../../src/user-service/circuit-breaker.ts";

function circuitAt(clock: { ms: number }) {
  return circuitBreaker<string>({
    isFailure: (result) => result === "failure",
    now: () => clock.ms,
  });
}

const failure = () => Promise.resolve("failure");
const success = () => Promise.resolve("success");

async function open(circuit: CircuitBreaker<string>) {
  for (let n = 0; n < 5; n += 1) await circuit.run(failure);
}

describe("circuitBreaker()", () => {
  test("opens after five failures in a row, and not before", async () => {
    const circuit = circuitAt({ ms: 0 });
    for (let n = 0; n < 4; n += 1) await circuit.run(failure);
    await circuit.run(success);
    for (let n = 0; n < 4; n += 1) await circuit.run(failure);
    expect(circuit.state).toBe("closed");
    await circuit.run(failure);
    expect(circuit.state).toBe("open");
    expect(await circuit.run(success)).toBe("circuit-open");
  });

  test("makes one call after five seconds open, and no other meanwhile", async () => {
    const clock = { ms: 1000 };
    const circuit = circuitAt(clock);
    await open(circuit);
    clock.ms += 4999;
    expect(await circuit.run(success)).toBe("circuit-open");
    clock.ms += 1;
    const { promise, resolve } = Promise.withResolvers<string>();
    const probe = circuit.run(() => promise);
    expect(circuit.state).toBe("half-open");
    expect(await circuit.run(success)).toBe("circuit-open");
    resolve("success");
    expect(await probe).toBe("success");
    expect(circuit.state).toBe("closed");
    expect(await circuit.run(success)).toBe("success");
  });

  test("ignores how a call ends that began before the circuit opened", async () => {
    const clock = { ms: 1000 };
    const circuit = circuitAt(clock);
    const slow = Promise.withResolvers<string>();
    const early = circuit.run(() => slow.promise);
    await open(circuit);
    clock.ms += 5000;
    const probe = Promise.withResolvers<string>();
    const probed = circuit.run(() => probe.promise);
    slow.resolve("failure");
    expect(await early).toBe("failure");
    expect(circuit.state).toBe("half-open");
    probe.resolve("success");
    await probed;
    expect(circuit.state).toBe("closed");
  });

  test("stays open for another five seconds after a probe that fails", async () => {
    const clock = { ms: 1000 };
    const circuit = circuitAt(clock);
    await open(circuit);
    clock.ms += 5000;
    expect(await circuit.run(failure)).toBe("failure");
    expect(circuit.state).toBe("open");
    clock.ms += 4999;
    expect(await circuit.run(success)).toBe("circuit-open");
    clock.ms += 1;
    expect(await circuit.run(success)).toBe("success");
  });

  test("counts a call that rejects as a failure, and passes its error on", async () => {
    const circuit = circuitAt({ ms: 0 });
    const error = new Error("bug");
    for (let n = 0; n < 5; n += 1) {
      expect(await rejectionOf(circuit.run(() => Promise.reject(error)))).toBe(error);
    }
    expect(circuit.state).toBe("open");
  });
});
