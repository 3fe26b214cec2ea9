import { describe, expect, test } from "bun:test";
import { StorageUnavailable, unavailableReasons } from "../../src/core/storage.ts";
import { readinessCheck } from "../../src/service/readiness.ts";
import { logInto } from "../telemetry/log-into.ts";

/** A check of a storage that fails as `failure.with` says, and the lines that it logs. */
function checked() {
  const failure: { with?: Error } = {};
  const ping = () => (failure.with ? Promise.reject(failure.with) : Promise.resolve());
  const { logger, lines } = logInto();
  const check = readinessCheck({ lifecycle: { phase: "ready" }, logger, storage: { ping } });
  return { check, failure, lines };
}

const away = new StorageUnavailable("unreachable");

describe("readinessCheck()", () => {
  test.each(unavailableReasons.filter((reason) => reason !== "unreachable"))(
    "logs once that the storage is %s, and once that it works again, however often it is called",
    async (reason) => {
      const { check, failure, lines } = checked();
      expect(await check()).toBeUndefined();
      failure.with = new StorageUnavailable(reason);
      for (let n = 0; n < 3; n += 1) {
        expect(await check()).toMatchObject({ logReason: `storage-${reason}` });
      }
      delete failure.with;
      for (let n = 0; n < 3; n += 1) expect(await check()).toBeUndefined();
      expect(lines).toMatchObject([
        { level: "warn", reason: `storage-${reason}`, msg: "storage cannot be used" },
        { level: "info", msg: "storage can be used again" },
      ]);
    },
  );

  test("logs that the storage fails for another reason than before", async () => {
    const { check, failure, lines } = checked();
    for (const reason of ["busy", "gone", "busy"] as const) {
      failure.with = new StorageUnavailable(reason);
      await check();
    }
    expect(lines.map((line) => line["reason"])).toEqual([
      "storage-busy",
      "storage-gone",
      "storage-busy",
    ]);
  });

  test("leaves a server that is away to the storage, which logs that and its return", async () => {
    const { check, failure, lines } = checked();
    failure.with = away;
    expect(await check()).toMatchObject({ logReason: "storage-unreachable" });
    delete failure.with;
    await check();
    expect(lines).toEqual([]);
  });

  test("hands an unknown error on to the log line of the request, and logs its end", async () => {
    const { check, failure, lines } = checked();
    failure.with = new Error("disk I/O error");
    expect(await check()).toMatchObject({ status: "unavailable", error: failure.with });
    expect(lines).toEqual([]);
    delete failure.with;
    await check();
    expect(lines).toMatchObject([{ level: "info", msg: "storage can be used again" }]);
  });
});
