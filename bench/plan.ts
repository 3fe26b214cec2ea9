// How often and how long everything is measured.
import type { Pace } from "./measure/bench.ts";
import type { Ladder } from "./measure/throughput.ts";
import type { VariantPace } from "./measure/variants.ts";

/** The pace of every measurement. */
export interface Plan {
  /** The report's ratios are those of the first level. */
  readonly throughput: Ladder;
  readonly starts: number;
  readonly interference: Pace;
  /** Whether reads beside writes are measured with all peers, or with the platform alone. */
  readonly isInterferenceOfAll: boolean;
  readonly replicas: Pace;
  readonly traces: VariantPace;
  readonly tokens: VariantPace;
  /** Connections to each service. */
  readonly soak: { readonly connections: number; readonly seconds: number };
  readonly growth: (Pace & { readonly rows: number }) | undefined;
}

// Services run for weeks, so they are warm when they are measured: Bun and Node have compiled their hot
// code after some ten thousand requests, which one client alone sends in twenty seconds.
const pace = { connections: 64, rounds: 5, seconds: 2, warmUpSeconds: 4 };
const shorter = { ...pace, rounds: 3, seconds: 1 };
const step = { seconds: 1, warmUpSeconds: 1 };

/** Some ninety minutes. */
export const fullPlan: Plan = {
  throughput: {
    rounds: pace.rounds,
    levels: [
      pace,
      { ...step, connections: 1, warmUpSeconds: 3 },
      { ...step, connections: 8 },
      // The slowest peer completes none of so many requests within a second.
      { ...step, connections: 256, seconds: 2 },
    ],
  },
  starts: 9,
  interference: pace,
  isInterferenceOfAll: true,
  replicas: pace,
  // Some twenty minutes. In ten seconds JavaScriptCore compiles what 1 % of the requests run, too.
  traces: { connections: 64, starts: 12, rounds: 2, seconds: 6, warmUpSeconds: 10 },
  // Some sixteen minutes. Every request runs the code that is measured, so it is compiled sooner.
  tokens: { connections: 64, starts: 12, rounds: 2, seconds: 6, warmUpSeconds: 6 },
  soak: { connections: 32, seconds: 600 },
  growth: { ...shorter, rows: 1_000_000 },
};

const glance = { connections: 64, rounds: 1, seconds: 1, warmUpSeconds: 0.3 };

/** Less than two minutes: its figures are only a hint. */
export const quickPlan: Plan = {
  throughput: { rounds: glance.rounds, levels: [glance] },
  starts: 2,
  interference: glance,
  isInterferenceOfAll: false,
  replicas: glance,
  traces: { ...glance, starts: 1 },
  tokens: { ...glance, starts: 1 },
  soak: { connections: 32, seconds: 5 },
  growth: undefined,
};
