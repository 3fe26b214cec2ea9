import { describe, expect, jest, test } from "bun:test";
import { StorageUnavailable } from "../../src/core/storage.ts";
import type { Claim } from "../../src/idempotency/claim.ts";
import { keyInProgress } from "../../src/idempotency/key-problems.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryNotes } from "./temporary-notes.ts";

const refuse = () => Promise.reject(new Error("refused"));

describe("idempotentCreation()", () => {
  test.each([undefined, "k"])(
    "passes on the error of a creation, and accepts a retry (key: %p)",
    async (key) => {
      await using service = await temporaryNotes();
      expect((await rejectionOf(service.post(key, refuse))).message).toBe("refused");
      expect((await service.post(key)).isReplay).toBe(false);
    },
  );

  test("creates nothing if the claim of its key lapsed and another request used the key", async () => {
    await using service = await temporaryNotes();
    const { clock, notes, post } = service;
    const late = post("k", async (claim) => {
      clock.ms += 60_000; // the process was stopped, and renewed no claim
      await post("k");
      return notes.create("hello", claim);
    });
    expect(await rejectionOf(late)).toBe(keyInProgress);
    expect(service.count()).toBe(1);
  });

  test("takes the same key of another owner for another key", async () => {
    await using service = await temporaryNotes();
    const { post } = service;
    const noteOf = async (owner?: string) => {
      const { note, isReplay } = await post("k", undefined, owner === undefined ? {} : { owner });
      return { id: note.id, isReplay };
    };
    const first = await noteOf("a");
    expect(await noteOf("a")).toEqual({ id: first.id, isReplay: true });
    expect(await noteOf("b")).toMatchObject({ isReplay: false });
    expect(await noteOf()).toMatchObject({ isReplay: false });
    expect(service.count()).toBe(3);
  });

  test("keeps the claim of its key however long the creation takes", async () => {
    await using service = await temporaryNotes();
    const { clock, notes, post, committed } = service;
    jest.useFakeTimers();
    const slow = post("k", async (claim) => {
      for (let seconds = 0; seconds < 60; seconds += 1) {
        clock.ms += 1000;
        jest.advanceTimersByTime(1000);
        await committed();
      }
      expect(await rejectionOf(post("k"))).toBe(keyInProgress);
      return notes.create("hello", claim);
    });
    const { isReplay } = await slow.finally(() => jest.useRealTimers());
    expect(isReplay).toBe(false);
    expect(service.count()).toBe(1);
  });

  test("passes on the first error although the key's release fails", async () => {
    await using service = await temporaryNotes();
    const release = async (claim: Claim) => {
      await service.notes.release(claim);
      throw new Error("busy");
    };
    const failing = service.post("k", refuse, { release });
    expect((await rejectionOf(failing)).message).toBe("refused");
  });

  test("passes on the error although the key's release hangs", async () => {
    await using service = await temporaryNotes();
    jest.useFakeTimers();
    const release = () => {
      setImmediate(() => void jest.advanceTimersByTime(200));
      return new Promise<void>(() => undefined);
    };
    const hanging = service.post("k", refuse, { release });
    const error = await rejectionOf(hanging).finally(() => jest.useRealTimers());
    expect(error.message).toBe("refused");
  });

  test("says after `maxMs` that the outcome is unknown, and goes on with the creation", async () => {
    await using service = await temporaryNotes();
    const { promise: isServed, resolve: serve } = Promise.withResolvers<void>();
    jest.useFakeTimers();
    const create = async (claim?: Claim) => {
      setImmediate(() => void jest.advanceTimersByTime(5000));
      await isServed;
      return service.notes.create("hello", claim);
    };
    const slow = service.post("k", create, { maxMs: 5000 });
    const error = await rejectionOf(slow).finally(() => jest.useRealTimers());
    expect(error).toEqual(new StorageUnavailable("interrupted"));
    expect(await rejectionOf(service.post("k"))).toBe(keyInProgress);
    serve();
    await service.committed();
    expect((await service.post("k")).isReplay).toBe(true);
    expect(service.count()).toBe(1);
  });

  test("creates no second resource after the first was deleted without a trace in its key", async () => {
    await using service = await temporaryNotes();
    await service.post("k");
    service.storage.db.run("DELETE FROM notes");
    expect((await rejectionOf(service.post("k"))).message).toBe(
      "The resource of an idempotency key is gone",
    );
    expect(service.count()).toBe(0);
  });
});
