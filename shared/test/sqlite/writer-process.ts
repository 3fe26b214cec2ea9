// A process that does nothing but write to a storage. It runs one command at a time and sends a
// report after each, and one when it has started. Each write adds a pair of rows.
import { openSqlite, type SqliteStorage } from "../../src/sqlite/sqlite-storage.ts";
import { migrations, type WriterCommand, type Written } from "./harness.ts";

const [path = ""] = process.argv.slice(2);
let storage: SqliteStorage;

async function run(command: WriterCommand): Promise<Written[]> {
  const now = () => performance.timeOrigin + performance.now();
  const written: Written[] = [];

  if (command === "open") storage = await openSqlite({ path, migrations });
  else if (command === "close") await storage.close();
  else {
    let left = command.writes;
    const call = async () => {
      while (left > 0) {
        left -= 1;
        const sentAt = now();
        await storage.write(() => {
          storage.db.run("INSERT INTO note VALUES ('left')");
          storage.db.run("INSERT INTO note VALUES ('right')");
        });
        written.push({ sentAt, committedAt: now() });
      }
    };
    await Promise.all(Array.from({ length: command.callers }, call));
  }
  return written;
}

process.on("message", (command: WriterCommand) => {
  void run(command).then((written) => {
    process.send?.(written, () => command === "close" && process.disconnect?.());
  });
});
process.send?.([]);
