// A service reduced to its storage, as a process of its own. It obeys one command at a time and
// reports after each, and once at its start. Each of its writes adds a pair of rows.
import { openSqlite, type SqliteStorage } from "../../src/sqlite/sqlite-storage.ts";
import { migrations, type WriterCommand, type WriterReport } from "./harness.ts";

const [path = ""] = process.argv.slice(2);
let storage: SqliteStorage;

async function obey(command: WriterCommand): Promise<WriterReport> {
  const startedAt = performance.timeOrigin + performance.now();
  const answeredAt: number[] = [];
  let longestWaitMs = 0;

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
        answeredAt.push(performance.timeOrigin + now);
        longestWaitMs = Math.max(longestWaitMs, now - sentAt);
      }
    };
    await Promise.all(Array.from({ length: command.callers }, call));
  }
  return { startedAt, answeredAt, longestWaitMs };
}

process.on("message", (command: WriterCommand) => {
  void obey(command).then((report) => {
    process.send?.(report, () => command === "close" && process.disconnect?.());
  });
});
process.send?.({ startedAt: 0, answeredAt: [], longestWaitMs: 0 });
