// A process that does nothing but write to a storage. It runs one command at a time and sends a
// report after each, and one when it has started. Each write adds a pair of rows.
import { openSqlite, type SqliteStorage } from "../../src/sqlite/sqlite-storage.ts";
import { migrations, type WriterCommand, type WriterReport } from "./harness.ts";

const [path = ""] = process.argv.slice(2);
let storage: SqliteStorage;

async function run(command: WriterCommand): Promise<WriterReport> {
  const startedAt = performance.timeOrigin + performance.now();
  const committedAt: number[] = [];
  let maxWaitMs = 0;

  if (command === "open") storage = await openSqlite({ path, migrations });
  else if (command === "close") await storage.close();
  else {
    const insert = storage.db.query<unknown, { text: string }>(
      "INSERT INTO note (text) VALUES ($text)",
    );
    let left = command.writes;
    const call = async () => {
      while (left > 0) {
        left -= 1;
        const sentAt = performance.now();
        await storage.write(() => {
          insert.run({ text: "left" });
          insert.run({ text: "right" });
        });
        const now = performance.now();
        committedAt.push(performance.timeOrigin + now);
        maxWaitMs = Math.max(maxWaitMs, now - sentAt);
      }
    };
    await Promise.all(Array.from({ length: command.callers }, call));
  }
  return { startedAt, committedAt, maxWaitMs };
}

process.on("message", (command: WriterCommand) => {
  void run(command).then((report) => {
    process.send?.(report, () => command === "close" && process.disconnect?.());
  });
});
process.send?.({ startedAt: 0, committedAt: [], maxWaitMs: 0 });
