import { describe, expect, test } from "bun:test";
import { descriptorWatch, fileDescriptors } from "../../src/http/file-descriptors.ts";
import { startSample } from "../../testing/sample-service.ts";
import { logInto } from "../telemetry/log-into.ts";

/** The descriptors of a process that may have `max`, of which it has `open`. */
function processWith(max: number, open: number) {
  const state = { max, open, counts: 0 };
  const descriptors = fileDescriptors({
    readMax: () => state.max,
    countOpen: () => {
      state.counts += 1;
      return state.open;
    },
  });
  return { state, descriptors };
}

describe("fileDescriptors()", () => {
  test.each([
    [64, 55, 56],
    [1024, 895, 896],
    [524_288, 520_191, 520_192],
  ])("keeps some of %i free, so that %i are enough and %i are not", (max, enough, tooMany) => {
    expect(processWith(max, enough).descriptors.areShort()).toBe(false);
    expect(processWith(max, tooMany).descriptors.areShort()).toBe(true);
  });

  test("counts no sooner than connections can have used the descriptors up", () => {
    const { state, descriptors } = processWith(1024, 96);
    expect(descriptors.areShort()).toBe(false);
    for (let n = 1; n < 800; n += 1) expect(descriptors.areShort()).toBe(false);
    expect(state.counts).toBe(1);
    state.open = 896;
    expect(descriptors.areShort()).toBe(true);
    expect(state.counts).toBe(2);
  });

  test("counts once in many responses near the limit", () => {
    const { state, descriptors } = processWith(1024, 895);
    for (let n = 0; n < 160; n += 1) descriptors.areShort();
    expect(state.counts).toBe(10);
  });

  test("counts nothing where the process has no limit", () => {
    const { state, descriptors } = processWith(Infinity, 1000);
    expect([descriptors.areShort(), descriptors.wereShort()]).toEqual([false, false]);
    expect(state.counts).toBe(0);
  });

  test("are short until some are free again", () => {
    const { state, descriptors } = processWith(64, Infinity);
    expect([descriptors.areShort(), descriptors.areShort()]).toEqual([true, true]);
    state.open = 20;
    expect(descriptors.wereShort()).toBe(true);
    expect(descriptors.areShort()).toBe(false);
    expect(descriptors.wereShort()).toBe(false);
  });

  test("are bounded by the limit that the process has now", () => {
    const { state, descriptors } = processWith(Infinity, 1000);
    expect(descriptors.wereShort()).toBe(false);
    state.max = 64;
    expect(descriptors.wereShort()).toBe(true);
    expect(descriptors.max).toBe(64);
  });

  test("keep the limit that was read last if the process cannot read it", () => {
    const { state, descriptors } = processWith(64, 60);
    state.max = NaN;
    expect(descriptors.wereShort()).toBe(true);
  });

  test("are those of this process by default", () => {
    const descriptors = fileDescriptors();
    expect(descriptors.wereShort()).toBe(false);
    expect(descriptors.max).toBeGreaterThan(0);
  });
});

describe("descriptorWatch()", () => {
  test("counts every second of a shortage, and warns once a minute", async () => {
    const { state, descriptors } = processWith(64, 64);
    const { logger, lines } = logInto();
    let nowMs = 0;
    let counted = 0;
    const metrics = { shortOfDescriptors: (seconds: number) => void (counted += seconds) };
    const watch = descriptorWatch({ descriptors, logger, metrics, now: () => nowMs });
    for (let second = 0; second < 90; second += 1) {
      nowMs += watch.intervalMs;
      await watch.run();
    }
    expect(counted).toBe(90);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ level: "warn", max_fds: 64 });
    state.open = 20;
    await watch.run();
    await watch.run();
    expect(counted).toBe(90);
  });
});

test("a response ends its connection while file descriptors are short", async () => {
  let isShort = false;
  await using service = await startSample({ descriptors: { areShort: () => isShort } });
  expect((await service.request("/tasks")).headers.get("connection")).not.toBe("close");
  isShort = true;
  for (const path of ["/tasks", "/nowhere", "/health"]) {
    expect((await service.request(path)).headers.get("connection")).toBe("close");
  }
});
