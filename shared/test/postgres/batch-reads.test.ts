import { describe, expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { batchReads } from "../../src/postgres/batch-reads.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

interface Row {
  readonly id: string;
}

/** Reads whose statements end when the test says so. */
function startReads() {
  const statements: { keys: readonly string[]; end: PromiseWithResolvers<readonly Row[]> }[] = [];
  const find = batchReads<Row>({
    read(keys) {
      const end = Promise.withResolvers<readonly Row[]>();
      statements.push({ keys, end });
      return end.promise;
    },
    keyOf: ({ id }) => id,
  });
  /** Lets a statement return the rows with these keys. */
  const endOf = (index: number, ids: readonly string[]) =>
    statements[index]?.end.resolve(ids.map((id) => ({ id })));
  return { find, statements, endOf };
}

describe("batchReads()", () => {
  test("reads a lone caller's row at once", async () => {
    const { find, statements, endOf } = startReads();
    const row = find("a");
    expect(statements.map(({ keys }) => keys)).toEqual([["a"]]);
    endOf(0, ["a"]);
    expect(await row).toEqual({ id: "a" });
  });

  test("reads together what four statements under way keep waiting, each key once", async () => {
    const { find, statements, endOf } = startReads();
    const first = ["a", "b", "c", "d"].map(find);
    const queued = ["e", "f", "e", "none", "a"].map(find);
    expect(statements.map(({ keys }) => keys)).toEqual([["a"], ["b"], ["c"], ["d"]]);
    endOf(0, ["a"]);
    expect(await first[0]).toEqual({ id: "a" });
    await setImmediate();
    // Not answered by the statement that began before: the row may have changed since.
    expect(statements.at(-1)?.keys).toEqual(["e", "f", "none", "a"]);
    // In any order.
    endOf(4, ["a", "f", "e"]);
    expect(await Promise.all(queued)).toEqual([
      { id: "e" },
      { id: "f" },
      { id: "e" },
      undefined,
      { id: "a" },
    ]);
  });

  test("goes on with others while a statement hangs", async () => {
    const { find, statements, endOf } = startReads();
    void find("hangs");
    const row = find("a");
    endOf(1, ["a"]);
    expect(await row).toEqual({ id: "a" });
    expect(statements).toHaveLength(2);
  });

  test("reads at most 256 keys by one statement", async () => {
    const { find, statements, endOf } = startReads();
    const keys = Array.from({ length: 4 + 300 }, (_, n) => `key ${n}`);
    const rows = keys.map(find);
    for (let index = 0; index < 4; index += 1) endOf(index, keys);
    await Promise.all(rows.slice(0, 4));
    await setImmediate();
    expect(statements.slice(4).map(({ keys }) => keys.length)).toEqual([256, 44]);
    endOf(4, keys);
    endOf(5, keys);
    expect(await Promise.all(rows)).toEqual(keys.map((id) => ({ id })));
  });

  test("rejects every caller of a failed statement, and no other", async () => {
    const { find, statements, endOf } = startReads();
    const [failing, ...others] = ["a", "b", "c", "d"].map(find);
    statements[0]?.end.reject(new Error("lost"));
    expect(await rejectionOf(failing ?? Promise.resolve())).toEqual(new Error("lost"));
    for (const [index, id] of ["b", "c", "d"].entries()) endOf(index + 1, [id]);
    expect(await Promise.all(others)).toEqual([{ id: "b" }, { id: "c" }, { id: "d" }]);
    const later = find("e");
    endOf(4, ["e"]);
    expect(await later).toEqual({ id: "e" });
  });
});
