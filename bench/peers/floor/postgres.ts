// Shared by both services of the floor on PostgreSQL.
import { SQL } from "bun";

/** As many sessions as every peer has. Bun.SQL sends statements behind others that are under way. */
export const sql = new SQL(process.env["DATABASE_URL"] ?? "", { max: 10 });

/** The platform's batches of writes, without bounds on the wait: one statement is under way. */
export function inBatches<Item>(
  write: (items: readonly Item[]) => Promise<unknown>,
): (item: Item) => Promise<void> {
  const maxBatch = 256;
  const queue: { item: Item; resolve: () => void }[] = [];
  let isWorking = false;

  async function work(): Promise<void> {
    isWorking = true;
    while (queue.length > 0) {
      const batch = queue.splice(0, maxBatch);
      await write(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    }
    isWorking = false;
  }

  return (item) =>
    new Promise<void>((resolve) => {
      queue.push({ item, resolve });
      if (!isWorking) void work();
    });
}
