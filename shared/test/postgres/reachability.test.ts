import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { CommitsWait, ReadOnlyServer } from "../../src/postgres/errors.ts";
import { Reachability } from "../../src/postgres/reachability.ts";

const serverError = (errno: string) =>
  new SQL.PostgresError(`error ${errno}`, { code: "ERR_POSTGRES_SERVER_ERROR", errno });
const refused = new SQL.PostgresError("error", { code: "ERR_POSTGRES_CONNECTION_REFUSED" });
const readOnly = "the server is read-only; name the primary";

/** A server's reachability, and what was told of it. */
function watchedReachability() {
  const told: (string | true)[] = [];
  const reachability = new Reachability(
    { refusesWrites: false },
    (isReachable, reason) => void told.push(isReachable || reason),
  );
  return { reachability, told };
}

describe("Reachability", () => {
  test("tells once that a server is read-only, however many reads succeed meanwhile", () => {
    const { reachability, told } = watchedReachability();
    for (let n = 0; n < 3; n += 1) {
      reachability.lost(serverError("25006"));
      reachability.reached("read");
    }
    expect(told).toEqual([readOnly]);
  });

  test.each(["write", "check"] as const)(
    "tells that a read-only server takes writes again by a %s",
    (success) => {
      const { reachability, told } = watchedReachability();
      reachability.lost(serverError("25006"));
      reachability.reached(success);
      expect(told).toEqual([readOnly, true]);
    },
  );

  test("gives a check that finds the server read-only the reason of a write that does", () => {
    const { reachability, told } = watchedReachability();
    reachability.lost(new StorageUnavailable("unreachable", { cause: new ReadOnlyServer() }));
    reachability.lost(serverError("25006"));
    expect(told).toEqual([readOnly]);
  });

  test("tells that a server which was away has come back read-only", () => {
    const { reachability, told } = watchedReachability();
    reachability.lost(refused);
    reachability.lost(serverError("25006"));
    reachability.lost(refused);
    reachability.reached("read");
    reachability.reached("write");
    expect(told).toEqual([expect.stringContaining("no server answers"), readOnly, true]);
  });

  test("tells each reason once, where commits wait on a server that is read-only", () => {
    const { reachability, told } = watchedReachability();
    const commitsWait = new StorageUnavailable("unreachable", {
      cause: new CommitsWait("standby"),
    });
    for (let n = 0; n < 3; n += 1) {
      reachability.lost(commitsWait);
      reachability.lost(serverError("25006"));
    }
    expect(told).toEqual([expect.stringContaining("commits wait for a standby"), readOnly]);
  });

  test("tells once that the server's disk fails a write, until a write works", () => {
    const { reachability, told } = watchedReachability();
    for (let n = 0; n < 3; n += 1) {
      reachability.lost(serverError("58030"));
      reachability.reached("read");
      reachability.reached("check");
    }
    reachability.reached("write");
    expect(told).toEqual([expect.stringContaining("58030"), true]);
  });

  test("tells by a read that a server which was away is back", () => {
    const { reachability, told } = watchedReachability();
    reachability.lost(refused);
    reachability.reached("read");
    expect(told).toEqual([expect.stringContaining("no server answers"), true]);
  });
});
