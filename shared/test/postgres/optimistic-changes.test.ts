import { describe, expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { conflict, optimisticChanges } from "../../src/postgres/optimistic-changes.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

describe("optimisticChanges()", () => {
  test("makes the changes of one row one after the other, also behind one that failed", async () => {
    const changeRow = optimisticChanges();
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const log: string[] = [];
    const failing = changeRow("a", async () => {
      log.push("first");
      await first.promise;
      throw new Error("refused");
    });
    const waiting = changeRow("a", async () => {
      log.push("second");
      await second.promise;
      return "done";
    });
    const other = changeRow("b", async () => void log.push("other row"));
    await other;
    expect(log).toEqual(["first", "other row"]);
    first.resolve();
    expect(await rejectionOf(failing)).toEqual(new Error("refused"));
    second.resolve();
    expect(await waiting).toBe("done");
    expect(log).toEqual(["first", "other row", "second"]);
  });

  test("attempts a change again after a conflict with another replica", async () => {
    let attempts = 0;
    const attempt = async () => ((attempts += 1) < 3 ? conflict : attempts);
    expect(await optimisticChanges()("a", attempt)).toBe(3);
  });

  test("rejects with `busy` where another replica always comes first, and lets the next one try", async () => {
    const changeRow = optimisticChanges();
    let attempts = 0;
    const losing = changeRow("a", async () => {
      attempts += 1;
      return conflict;
    });
    const error = await rejectionOf(losing);
    expect(error).toBeInstanceOf(StorageUnavailable);
    expect(error).toMatchObject({ reason: "busy" });
    expect(attempts).toBe(50);
    expect(await changeRow("a", async () => "done")).toBe("done");
  });

  test("rejects with `busy` what waits too long for a slow change, and never overtakes it", async () => {
    const changeRow = optimisticChanges(5);
    const log: string[] = [];
    const slow = Promise.withResolvers<void>();
    const first = changeRow("a", () => slow.promise);
    const late = changeRow("a", async () => void log.push("late"));
    expect(await rejectionOf(late)).toMatchObject({ reason: "busy" });
    const next = changeRow("a", async () => void log.push("next"));
    slow.resolve();
    await Promise.all([first, next]);
    expect(log).toEqual(["next"]);
  });
});
