// What happens to a service by its machine, its network and other processes, and what ends it.
import { connect } from "node:net";
import { repeat, type Load } from "../support/load.ts";
import { startRelay } from "../support/relay.ts";
import type { RestartableService } from "./restartable-service.ts";

/** Stops and continues a process in turn, as a limit of its CPU does. */
export function throttle(service: RestartableService): Load {
  return repeat(1, async () => {
    service.kill("SIGSTOP");
    await Bun.sleep(900);
    service.kill("SIGCONT");
    await Bun.sleep(100);
  });
}

/** Kills a service 20 s after each start, as the kernel does when it needs too much memory. */
export function crashAgainAndAgain(service: RestartableService): Load {
  return repeat(1, async () => {
    service.kill("SIGKILL");
    await Bun.sleep(5000);
    await service.start();
    await Bun.sleep(20_000);
  });
}

/** Locks a database in a process of its own, which the stack ends. Resolves when it holds the lock. */
export async function holdLock(stack: AsyncDisposableStack, database: string): Promise<void> {
  const script = `
    import { Database } from "bun:sqlite";
    const database = new Database(process.env.DATABASE);
    database.run("PRAGMA busy_timeout = 30000");
    database.run("BEGIN IMMEDIATE");
    console.log("locked");
    setInterval(() => database.filename, 60_000);`;
  const holder = Bun.spawn([process.execPath, "--eval", script], {
    env: { DATABASE: database },
    stdio: ["ignore", "pipe", "inherit"],
  });
  stack.defer(async () => {
    holder.kill();
    await holder.exited;
  });
  const { done } = await holder.stdout.getReader().read();
  if (done) throw new Error(`Cannot lock ${database}`);
}

/** Ends every process but the service that has a file open. */
export function endOthersWithFile(path: string, service: RestartableService): void {
  const { stdout } = Bun.spawnSync(["fuser", path], { stderr: "ignore" });
  const pids = (stdout.toString().match(/\d+/g) ?? []).map(Number);
  for (const pid of pids) if (pid !== service.pid) process.kill(pid);
}

/** A network that carries each response of user-service for 100 ms. */
export async function distance(stack: AsyncDisposableStack, usersPort: number): Promise<number> {
  const relay = await startRelay({
    connect: () => connect(usersPort, "127.0.0.1"),
    carry(client, upstream) {
      client.pipe(upstream);
      upstream.on("data", (bytes) => setTimeout(() => client.write(bytes), 100));
    },
  });
  return stack.use(relay).port;
}
