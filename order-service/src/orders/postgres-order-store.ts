// Orders in PostgreSQL.
import { unwrap } from "@platform/shared/core/result";
import { uuidSequence } from "@platform/shared/core/uuid-sequence";
import { postgresIdempotency } from "@platform/shared/idempotency/postgres-idempotency";
import { batchReads } from "@platform/shared/postgres/batch-reads";
import { batchWrites } from "@platform/shared/postgres/batch-writes";
import { customPlan } from "@platform/shared/postgres/custom-plan";
import { conflict, optimisticChanges } from "@platform/shared/postgres/optimistic-changes";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { readInTime } from "@platform/shared/postgres/request-deadline";
import { fromTimestamp } from "@platform/shared/schema/timestamp";
import { changeStatus } from "./change-status.ts";
import { toOrder, type OrderRow } from "./order-row.ts";
import type { OrderStatus } from "./order-status.ts";
import type { OrderStore } from "./order-store.ts";
import { OrderNotFound, totalCents, type Order } from "./order.ts";
import { insertOrders, type InsertedOrder } from "./postgres-order-insert.ts";
import { postgresOrderList } from "./postgres-order-list.ts";
import { orderColumns, toLines, toStoredItems, type WholeOrderRow } from "./postgres-order-row.ts";

/** A change of an order on the condition that its `updated_at` is still the expected one. */
interface StatusUpdate {
  readonly id: string;
  readonly status: OrderStatus;
  readonly expected_updated_at: number;
  readonly updated_at: number;
}

/**
 * Makes the store of orders and of their idempotency keys.
 *
 * @param now milliseconds since 1970
 */
export function postgresOrderStore(storage: PostgresStorage, now = Date.now): OrderStore {
  const { read, write } = storage;
  const nextId = uuidSequence(now);
  const listOrders = postgresOrderList(storage);
  const changeRow = optimisticChanges();

  const findRow = batchReads<WholeOrderRow>({
    read: ([id = "", ...others]) =>
      read((sql) =>
        others.length === 0
          ? // Without fragments, which take Bun.SQL a fifth of the time of a read.
            sql`
              SELECT id, user_id, total_cents::float8, status, items, created_at::float8,
                updated_at::float8
              FROM orders
              WHERE id = ${id}`
          : sql`
              SELECT ${orderColumns(sql)}, items
              FROM orders
              WHERE id = ANY(${[id, ...others]}::uuid[])`,
      ),
    keyOf: ({ id }) => id,
  });

  async function find(id: string): Promise<Order | undefined> {
    const row = await findRow(id);
    return row && toOrder(row, toLines(row.items));
  }

  const { keys, createOnce } = postgresIdempotency(storage, find);

  const insert = batchWrites<InsertedOrder, boolean>({
    storage,
    keyOf: ({ id, key = id }) => key,
    write: (orders, queuedAt) => insertOrders(storage, orders, queuedAt),
  });

  const updateStatus = batchWrites<StatusUpdate, boolean>({
    storage,
    keyOf: ({ id }) => id,
    async write(updates, queuedAt) {
      const updated = await write<{ id: string }>(
        (sql) => sql`
          WITH wanted AS (
            SELECT id, status, expected_updated_at, updated_at
            FROM unnest(
              ${updates.map(({ id }) => id)}::uuid[],
              ${updates.map(({ status }) => status)}::text[],
              ${updates.map(({ expected_updated_at }) => expected_updated_at)}::bigint[],
              ${updates.map(({ updated_at }) => updated_at)}::bigint[]
            ) AS change (id, status, expected_updated_at, updated_at)
            WHERE ${customPlan(sql)}
          ), unchanged AS (
            SELECT wanted.*
            FROM wanted
            CROSS JOIN LATERAL (
              SELECT id
              FROM orders
              WHERE id = wanted.id AND updated_at = wanted.expected_updated_at
              FOR UPDATE
            ) AS seen
          )
          UPDATE orders
          SET status = unchanged.status, updated_at = unchanged.updated_at
          FROM unchanged
          WHERE orders.id = unchanged.id
          RETURNING orders.id`,
        queuedAt,
      );
      const ids = new Set(updated.map(({ id }) => id));
      return updates.map(({ id }) => ids.has(id));
    },
  });

  return {
    ...keys,

    place: ({ userId, lines }, claim) =>
      createOnce(async () => {
        const { id, time } = nextId();
        const row: OrderRow = {
          id,
          user_id: userId,
          total_cents: totalCents(lines),
          status: "pending",
          created_at: time,
          updated_at: time,
        };
        const isStored = await insert({ ...row, items: toStoredItems(lines), ...claim });
        return isStored ? toOrder(row, lines) : undefined;
      }, claim),

    find: (id) => readInTime(find(id)),

    list: (query) => readInTime(listOrders(query)),

    setStatus: (id, status, precondition) =>
      changeRow(id, async () => {
        const current = await find(id);
        if (current === undefined) throw new OrderNotFound();
        const changed = unwrap(changeStatus(current, status, precondition, now()));
        if (changed === current) return current;
        const isUpdated = await updateStatus({
          id,
          status,
          expected_updated_at: fromTimestamp(current.updated_at),
          updated_at: fromTimestamp(changed.updated_at),
        });
        return isUpdated ? changed : conflict;
      }),
  };
}
