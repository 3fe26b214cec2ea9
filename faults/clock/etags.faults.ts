// A clock that jumps between changes: every state keeps a tag and a time of its own.
import { expect, test } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { createUser, newOrder, sending, type Order } from "../support/platform/resources.ts";
import { startPlatform } from "../support/platform/services.ts";
import { startShim } from "../support/shim.ts";
import { clockOffsetsMs } from "./jumps.ts";

/** Changes a resource, with a jump before each change. @returns its tags and times */
async function changeAcrossJumps(
  running: Running,
  path: string,
  { set, changes }: { set(clockOffsetMs: number): void; changes: readonly unknown[] },
) {
  const first = await running.fetch(path);
  const tags = [first.headers.get("etag") ?? ""];
  const times = [((await first.json()) as { updated_at: string }).updated_at];
  for (const [n, change] of changes.entries()) {
    set(clockOffsetsMs[n % clockOffsetsMs.length] ?? 0);
    const latest = tags.at(-1) ?? "";
    for (const tag of tags.slice(0, -1)) {
      const outdated = await running.fetch(path, sending("PATCH", change, { "if-match": tag }));
      expect(outdated.status).toBe(412);
    }
    const changed = await running.fetch(path, sending("PATCH", change, { "if-match": latest }));
    expect(changed.status).toBe(200);
    tags.push(changed.headers.get("etag") ?? "");
    times.push(((await changed.json()) as { updated_at: string }).updated_at);
    const changedSince = await running.fetch(path, { headers: { "if-none-match": latest } });
    expect(changedSince.status).toBe(200);
  }
  return { tags, times };
}

test("PATCH gives every state a new ETag and a later updated_at, wherever the clock jumps", async () => {
  await using shim = await startShim();
  await using platform = await startPlatform({ users: shim.env, orders: shim.env });
  const { users, orders } = platform;
  const userId = await createUser(users);
  const set = (clockOffsetMs: number) => shim.set({ clockOffsetMs });
  const order = await orders.fetch("/orders", sending("POST", newOrder(userId, 1)));
  const { id } = (await order.json()) as Order;
  const statuses = ["confirmed", "shipped", "delivered"].map((status) => ({ status }));
  const names = Array.from({ length: 12 }, (_, n) => ({ name: `Name ${n}` }));
  for (const { tags, times } of [
    await changeAcrossJumps(users, `/users/${userId}`, { set, changes: names }),
    await changeAcrossJumps(orders, `/orders/${id}`, { set, changes: statuses }),
  ]) {
    expect(new Set(tags).size).toBe(tags.length);
    expect(times).toEqual([...new Set(times)].toSorted());
  }
});
