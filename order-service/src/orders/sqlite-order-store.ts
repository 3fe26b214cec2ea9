// Orders in SQLite.
import { toPage } from "@platform/shared/core/page";
import { unwrap } from "@platform/shared/core/result";
import { uuidSequence } from "@platform/shared/core/uuid-sequence";
import { sqliteIdempotency } from "@platform/shared/idempotency/sqlite-idempotency";
import { fromTimestamp } from "@platform/shared/schema/timestamp";
import type { SqliteStorage } from "@platform/shared/sqlite/sqlite-storage";
import { changeStatus } from "./change-status.ts";
import { toOrder, type OrderRow } from "./order-row.ts";
import { maxItemsInPage, positionOf, type OrderStore } from "./order-store.ts";
import { OrderNotFound, totalCents, type Order, type OrderLine } from "./order.ts";
import { sqliteOrderList } from "./sqlite-order-list.ts";

/**
 * Makes the store of orders and of their idempotency keys.
 *
 * @param now milliseconds since 1970
 */
export function sqliteOrderStore(storage: SqliteStorage, now = Date.now): OrderStore {
  const { db, read, write } = storage;
  const nextId = uuidSequence(now);
  const listRows = sqliteOrderList(db);

  const byId = db.prepare<OrderRow, { id: string }>(`
    SELECT id, user_id, total_cents, status, created_at, updated_at
    FROM orders
    WHERE id = $id`);
  // +$id, +$limit: where a statement has ORDER BY and a column equals a bare parameter, or the limit is one,
  // SQLite plans it anew for every value, which takes longer than to run it.
  const linesOf = db.prepare<OrderLine, { id: string }>(`
    SELECT sku, quantity, unit_price_cents AS unitPriceCents
    FROM order_items
    WHERE order_id = +$id
    ORDER BY position`);
  const linesOfAll = db.prepare<OrderLine & { orderId: string }, { ids: string; limit: number }>(`
    SELECT order_id AS orderId, sku, quantity, unit_price_cents AS unitPriceCents
    FROM json_each($ids)
    JOIN order_items ON order_id = value
    ORDER BY key, position
    LIMIT +$limit`);
  const insertOrder = db.prepare<unknown, OrderRow>(`
    INSERT INTO orders (id, user_id, total_cents, status, created_at, updated_at)
    VALUES ($id, $user_id, $total_cents, $status, $created_at, $updated_at)`);
  const insertLine = db.prepare<unknown, OrderLine & { id: string; position: number }>(`
    INSERT INTO order_items (order_id, position, sku, quantity, unit_price_cents)
    VALUES ($id, $position, $sku, $quantity, $unitPriceCents)`);
  const updateStatus = db.prepare<unknown, Pick<OrderRow, "id" | "status" | "updated_at">>(`
    UPDATE orders
    SET status = $status, updated_at = $updated_at
    WHERE id = $id`);

  function findNow(id: string): Order | undefined {
    const row = byId.get({ id });
    return row ? toOrder(row, linesOf.all({ id })) : undefined;
  }

  const { keys, writeOnce } = sqliteIdempotency(storage, {
    find: findNow,
    now,
    idColumn: "order_id",
  });

  return {
    ...keys,

    place: ({ userId, lines }, claim) =>
      writeOnce(() => {
        const { id, time } = nextId();
        const row: OrderRow = {
          id,
          user_id: userId,
          total_cents: totalCents(lines),
          status: "pending",
          created_at: time,
          updated_at: time,
        };
        insertOrder.run(row);
        for (const [position, line] of lines.entries()) insertLine.run({ ...line, id, position });
        return toOrder(row, lines);
      }, claim),

    find: (id) => read(() => findNow(id)),

    list: (query) =>
      read(() => {
        const rows = listRows(query);
        const ids = JSON.stringify(rows.map(({ id }) => id));
        const lines = linesOfAll.all({ ids, limit: maxItemsInPage });
        const linesById = Map.groupBy(lines, ({ orderId }) => orderId);
        // At the limit, the last order may have more lines than were read: leave it to the next page.
        const whole = lines.length < maxItemsInPage ? rows.length : linesById.size - 1;
        const orders = rows.map((row) => toOrder(row, linesById.get(row.id) ?? []));
        return toPage(orders, Math.min(query.limit, whole), positionOf);
      }),

    async setStatus(id, status, precondition) {
      const outcome = await write(() => {
        const current = findNow(id);
        if (current === undefined) return new OrderNotFound();
        const changed = changeStatus(current, status, precondition, now());
        if (changed instanceof Error || changed === current) return changed;
        updateStatus.run({ id, status, updated_at: fromTimestamp(changed.updated_at) });
        return changed;
      });
      return unwrap(outcome);
    },
  };
}
