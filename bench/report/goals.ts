// The figures that the platform is to reach on each engine.
import type { EngineName } from "../engines/engine.ts";
import type { Replicas } from "../measure/replicas.ts";
import type { WorkloadName } from "../workloads/index.ts";

/** The least ratio of the platform's rate to the rate of each peer. */
type Ratios = Readonly<Record<string, number>>;

interface Goals {
  /** For a workload and a number of connections. */
  readonly ratios: readonly (readonly [WorkloadName, number, Ratios])[];
  /** The peers that are to be behind in every workload, at every number of connections. */
  readonly behind: readonly string[];
  /** The least ratio of the rate of two replicas to the rate of one. */
  readonly replicas: Readonly<Partial<Record<Replicas["workload"], number>>>;
  /** The most milliseconds of a cold start. */
  readonly startMs?: number;
}

const onSqlite = {
  reads: { floor: 0.7, node: 2, go: 2, original: 40 },
  writes: { floor: 0.9, node: 5, go: 5, original: 40 },
  orders: { floor: 1.2, node: 6, go: 4, original: 200 },
};

const onPostgres = {
  reads: { floor: 0.7, node: 2.5, go: 1.2 },
  creates: { floor: 0.7, node: 4, go: 3 },
  orders: { floor: 0.7, node: 5, go: 3 },
  oneClient: { go: 0.9 },
};

/** The goals on each engine. */
export const goalsOn: Readonly<Record<EngineName, Goals>> = {
  sqlite: {
    ratios: [
      ["get-user", 64, onSqlite.reads],
      ["get-order", 64, onSqlite.reads],
      ["post-user", 64, onSqlite.writes],
      ["patch-user", 64, onSqlite.writes],
      ["post-order", 64, onSqlite.orders],
      ["post-order-hot", 64, onSqlite.orders],
      ["post-order", 256, onSqlite.orders],
      ["post-order-hot", 256, onSqlite.orders],
      ["list-users", 64, { floor: 0.85 }],
      ["mix-users", 64, { floor: 0.9 }],
    ],
    behind: ["node", "go", "original"],
    replicas: { "get-user": 1.3, "post-user": 0.9 },
    startMs: 60,
  },
  postgres: {
    ratios: [
      ["get-user", 64, onPostgres.reads],
      ["get-order", 64, onPostgres.reads],
      ["list-users", 64, { floor: 0.7 }],
      ["post-user", 64, onPostgres.creates],
      ["patch-user", 64, { floor: 0.7 }],
      ["post-order", 64, onPostgres.orders],
      ["post-order-hot", 64, onPostgres.orders],
      ["mix-users", 64, { floor: 0.7 }],
      ["get-user", 1, onPostgres.oneClient],
      ["get-order", 1, onPostgres.oneClient],
      ["list-users", 1, onPostgres.oneClient],
      ["post-user", 1, onPostgres.oneClient],
      ["patch-user", 1, onPostgres.oneClient],
      ["post-order", 1, onPostgres.oneClient],
      ["mix-users", 1, onPostgres.oneClient],
    ],
    behind: ["node"],
    replicas: { "get-user": 1.5, "post-user": 1.5 },
  },
};
