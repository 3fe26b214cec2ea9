import { expect, test } from "bun:test";
import { userCircuit } from "../../src/user-service/circuit-breaker.ts";

function circuitAt(clock: { ms: number }) {
  return userCircuit<string>({ isFault: (result) => result === "fault", now: () => clock.ms });
}

const fault = () => Promise.resolve("fault");
const good = () => Promise.resolve("good");

async function open(circuit: ReturnType<typeof circuitAt>) {
  for (let n = 0; n < 5; n += 1) await circuit.run(fault);
}

test("the circuit opens after five failed calls in a row, and not before", async () => {
  const circuit = circuitAt({ ms: 0 });
  for (let n = 0; n < 4; n += 1) await circuit.run(fault);
  await circuit.run(good);
  for (let n = 0; n < 4; n += 1) await circuit.run(fault);
  expect(circuit.state).toBe(0);
  await circuit.run(fault);
  expect(circuit.state).toBe(2);
  expect(await circuit.run(good)).toBeUndefined();
});

test("an open circuit lets one call through after five seconds, and others not meanwhile", async () => {
  const clock = { ms: 1000 };
  const circuit = circuitAt(clock);
  await open(circuit);
  clock.ms += 4999;
  expect(await circuit.run(good)).toBeUndefined();
  clock.ms += 1;
  const { promise, resolve } = Promise.withResolvers<string>();
  const trial = circuit.run(() => promise);
  expect(circuit.state).toBe(1);
  expect(await circuit.run(good)).toBeUndefined();
  resolve("good");
  expect(await trial).toBe("good");
  expect(circuit.state).toBe(0);
  expect(await circuit.run(good)).toBe("good");
});

test("a call from before the circuit opened has no say in its trial", async () => {
  const clock = { ms: 1000 };
  const circuit = circuitAt(clock);
  const slow = Promise.withResolvers<string>();
  const early = circuit.run(() => slow.promise);
  await open(circuit);
  clock.ms += 5000;
  const trial = Promise.withResolvers<string>();
  const tried = circuit.run(() => trial.promise);
  slow.resolve("fault");
  expect(await early).toBe("fault");
  expect(circuit.state).toBe(1);
  trial.resolve("good");
  await tried;
  expect(circuit.state).toBe(0);
});

test("a trial that fails leaves the circuit open for another five seconds", async () => {
  const clock = { ms: 1000 };
  const circuit = circuitAt(clock);
  await open(circuit);
  clock.ms += 5000;
  expect(await circuit.run(fault)).toBe("fault");
  expect(circuit.state).toBe(2);
  clock.ms += 4999;
  expect(await circuit.run(good)).toBeUndefined();
  clock.ms += 1;
  expect(await circuit.run(good)).toBe("good");
});
