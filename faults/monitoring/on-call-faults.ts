// The faults of the on-call exercise: how each begins, what shows it, and how an operator who follows the
// runbook ends it.
import { cp } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { smallDisk } from "../disk/small-disk.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { repeatTimed, type Load } from "../support/load.ts";
import { startRelay } from "../support/relay.ts";
import { errors, startShim } from "../support/shim.ts";
import { http, respond } from "../support/upstream-behaviours.ts";
import { startLoadedPlatform, type LoadedPlatform } from "./loaded-platform.ts";
import { crashAgainAndAgain, distance, endOthersWithFile, holdLock, throttle } from "./mishaps.ts";

/** A platform, and the fault that it is ready for. */
export interface Scene {
  readonly platform: LoadedPlatform;
  begin(): void | Promise<void>;
  /** Does what the runbook says. */
  end(): void | Promise<void>;
}

/** A fault, and what an operator sees of it. */
export interface Fault {
  readonly name: string;
  /** The panels that show it, each with the comparison by which its lines do. */
  readonly signals: Readonly<Record<string, string>>;
  /** The alerts that have to tell it. The operator acts when all of them fire. */
  readonly alerts: readonly string[];
  /** The section of the runbooks, and its words that end the fault. */
  readonly runbook: string;
  /** Starts a platform of its own, which the stack ends. */
  prepare(stack: AsyncDisposableStack): Promise<Scene>;
}

/** A fault that is repeated until an operator ends it. */
function repeated(begin: () => Load): Pick<Scene, "begin" | "end"> {
  let mishap: Load | undefined;
  return {
    begin() {
      mishap = begin();
    },
    end: () => mishap?.stop(),
  };
}

/** Adds clients that repeat their work, with a pause after each call, until the stack ends them. */
function addClients(
  stack: AsyncDisposableStack,
  ...[clients, work, pauseMs]: Parameters<typeof repeatTimed>
): void {
  const load = repeatTimed(clients, work, pauseMs);
  stack.defer(async () => void (await load.stop()));
}

const userServiceDown: Fault = {
  name: "user-service is down",
  signals: {
    "Answers Prometheus": "== 0",
    Circuit: "== 2",
    "Failures by route (5xx)": "> 0",
  },
  alerts: ["CircuitOpen", "TargetDown"],
  runbook: "[TargetDown](runbooks/service.md#targetdown): “It has ended: start it again”",
  async prepare(stack) {
    const platform = await startLoadedPlatform(stack);
    const { users } = platform;
    return { platform, begin: () => users.kill("SIGKILL"), end: () => users.start() };
  },
};

const userServiceSlow: Fault = {
  name: "user-service is slow: its CPU limit stops it for 0.9 s of each second",
  signals: {
    "Latency of calls": "> 0.5",
    "Latency by route (p99)": "> 0.5",
    "Event loop lag": "> 0.5",
  },
  alerts: ["LatencyBudgetBurnsFast", "EventLoopStalled"],
  runbook:
    "[EventLoopStalled](runbooks/service.md#eventloopstalled): “the container is throttled: raise its limit”",
  async prepare(stack) {
    const platform = await startLoadedPlatform(stack);
    return { platform, ...repeated(() => throttle(platform.users)) };
  },
};

const userServiceLies: Fault = {
  name: "user-service lies: another program responds at its address, with 200 to everything",
  signals: { "Failures by route (5xx)": "> 0", "Client errors by route (4xx)": "> 0" },
  alerts: ["ErrorBudgetBurnsFast"],
  runbook:
    "[ErrorBudgetBurnsFast](runbooks/slo.md#errorbudgetburnsfast): “502 of `/orders`: another program than user-service responds at `USER_SERVICE_URL`”",
  async prepare(stack) {
    const impostor = stack.use(await startFakeUpstream(respond(http("200 OK", '{"status":"ok"}'))));
    const ports = { right: 0, now: 0 };
    const relay = stack.use(await startRelay({ connect: () => connect(ports.now, "127.0.0.1") }));
    const lead = (port: number) => {
      ports.now = port;
      relay.endAll();
    };
    const platform = await startLoadedPlatform(stack, {
      between(usersPort) {
        ports.right = usersPort;
        lead(usersPort);
        return Promise.resolve(relay.port);
      },
    });
    return {
      platform,
      begin: () => lead(Number(new URL(impostor.url).port)),
      end: () => lead(ports.right),
    };
  },
};

const diskFull: Fault = {
  name: "order-service's disk is full",
  signals: {
    "Free space": "< 1e6",
    "Refused by the storage": "> 0",
    "Failed commits": "> 0",
  },
  alerts: ["StorageRefusing"],
  runbook:
    "[StorageRefusing](runbooks/storage.md#storagerefusing): “`full`: make room on the volume”",
  async prepare(stack) {
    // DiskFillsUp is due below 100 MB.
    const disk = stack.use(await smallDisk(128));
    const platform = await startLoadedPlatform(stack, {
      env: { DATABASE_URL: `sqlite:${disk.path}/orders.db` },
      // So much that the WAL, whose room is taken already, is soon too small.
      items: 100,
    });
    return { platform, begin: () => disk.fill(), end: () => disk.free() };
  },
};

const diskSlow: Fault = {
  name: "order-service's disk is slow: 300 ms a flush",
  signals: { "Commit latency": "> 0.25", "Latency by route (p99)": "> 0.25" },
  alerts: ["LatencyBudgetBurnsFast", "CommitSlow"],
  runbook: "[CommitSlow](runbooks/storage.md#commitslow): “find what else writes to that disk”",
  async prepare(stack) {
    const shim = stack.use(await startShim());
    const platform = await startLoadedPlatform(stack, { env: shim.env });
    return {
      platform,
      begin: () => shim.set({ flushDelayMs: 300 }),
      end: () => shim.set({ flushDelayMs: 0 }),
    };
  },
};

const diskFailing: Fault = {
  name: "order-service's disk fails: EIO at each flush",
  signals: { "Failed commits": "> 0", "Failures by route (5xx)": "> 0" },
  alerts: ["CommitsFailing"],
  runbook:
    "[CommitsFailing](runbooks/storage.md#commitsfailing): “Move the service to another”: it is stopped, its files copied, and started on the copy",
  async prepare(stack) {
    const shim = stack.use(await startShim());
    const other = stack.use(temporaryFolder()).path;
    const platform = await startLoadedPlatform(stack, { env: shim.env });
    const { folder, orders, started } = platform;
    return {
      platform,
      begin: () => shim.set({ flushError: errors.EIO }),
      async end() {
        await orders.stop();
        await cp(join(folder, "data"), join(other, "data"), { recursive: true });
        // The copy is on a disk without the fault, so the service runs without the shim.
        await orders.start({ cwd: other, env: { ...started.env, LD_PRELOAD: "" } });
      },
    };
  },
};

const lockHeld: Fault = {
  name: "Another process holds the lock of order-service's database",
  signals: {
    "Wait for the storage": "> 1",
    "Refused by the storage": "> 0",
    "Lock waits": "> 0",
    Queue: "> 0",
  },
  alerts: ["StorageRefusing"],
  runbook:
    "[StorageRefusing](runbooks/storage.md#storagerefusing): “`busy` on SQLite: … Find it and end it”, with `fuser`",
  async prepare(stack) {
    const platform = await startLoadedPlatform(stack);
    const database = join(platform.folder, "data/order_service.db");
    return {
      platform,
      begin: () => holdLock(stack, database),
      end: () => endOthersWithFile(database, platform.orders),
    };
  },
};

const overload: Fault = {
  name: "Overload: 24 clients where 8 requests are admitted",
  signals: { "Refused to protect the service": "> 0", "Failures by route (5xx)": "> 0" },
  alerts: ["RequestsShed"],
  runbook:
    "[RequestsShed](runbooks/service.md#requestsshed): “If nothing is slow, … raise `MAX_IN_FLIGHT`”",
  async prepare(stack) {
    const platform = await startLoadedPlatform(stack, {
      env: { MAX_IN_FLIGHT: "8" },
      between: (usersPort) => distance(stack, usersPort),
    });
    const { orders, started, placeOrder } = platform;
    return {
      platform,
      begin: () => addClients(stack, 24, (n) => placeOrder(n), 100),
      async end() {
        await orders.stop();
        await orders.start({ ...started, env: { ...started.env, MAX_IN_FLIGHT: "1024" } });
      },
    };
  },
};

const clientsLeave: Fault = {
  name: "Clients leave after 50 ms; an order takes 0.1 s",
  signals: { "Clients that left": "> 0" },
  alerts: ["ClientsGiveUp"],
  runbook:
    "[ClientsGiveUp](runbooks/service.md#clientsgiveup): “a client or proxy has a time-out too short”",
  async prepare(stack) {
    const platform = await startLoadedPlatform(stack, {
      between: (usersPort) => distance(stack, usersPort),
    });
    let timeoutMs = 50;
    return {
      platform,
      begin() {
        const place = (n: number) => platform.placeOrder(n, AbortSignal.timeout(timeoutMs));
        addClients(stack, 2, place, 250);
      },
      end() {
        timeoutMs = 5000;
      },
    };
  },
};

const crashLoop: Fault = {
  name: "order-service crashes 20 s after each start",
  signals: { "Answers Prometheus": "== 0", Uptime: "< 20" },
  alerts: ["Restarting", "CrashLooping"],
  runbook: "[Restarting](runbooks/service.md#restarting): “137: memory, give it more”",
  async prepare(stack) {
    const platform = await startLoadedPlatform(stack);
    return { platform, ...repeated(() => crashAgainAndAgain(platform.orders)) };
  },
};

/** All faults. */
export const faults: readonly Fault[] = [
  userServiceDown,
  userServiceSlow,
  userServiceLies,
  diskFull,
  diskSlow,
  diskFailing,
  lockHeld,
  overload,
  clientsLeave,
  crashLoop,
];
