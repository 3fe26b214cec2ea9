// How often and how long everything is measured.
import type { Pace } from "./measure/bench.ts";
import type { Ladder } from "./measure/throughput.ts";

/** See above. */
export interface Plan {
  /** The first level is the one that ratios are made of. */
  readonly throughput: Ladder;
  readonly starts: number;
  readonly interference: Pace;
  /** Reads beside writes are measured with the platform alone, or with all peers. */
  readonly isInterferenceOfAll: boolean;
  readonly replicas: Pace;
  /** Connections to each service. */
  readonly soak: { readonly connections: number; readonly seconds: number };
  readonly growth: (Pace & { readonly rows: number }) | undefined;
}

// Services run for weeks. What Bun and Node compile while they run is compiled after some ten thousand
// requests, or twenty seconds of a lone client.
const pace = { connections: 64, rounds: 5, seconds: 2, warmUpSeconds: 4 };
const shorter = { ...pace, rounds: 3, seconds: 1 };
const step = { seconds: 1, warmUpSeconds: 1 };

/** Some fifty minutes. */
export const fullPlan: Plan = {
  throughput: {
    rounds: pace.rounds,
    levels: [
      pace,
      { ...step, connections: 1, warmUpSeconds: 3 },
      { ...step, connections: 8 },
      // Of so many at once, the slowest answers none within a second.
      { ...step, connections: 256, seconds: 2 },
    ],
  },
  starts: 9,
  interference: pace,
  isInterferenceOfAll: true,
  replicas: pace,
  soak: { connections: 32, seconds: 600 },
  growth: { ...shorter, rows: 1_000_000 },
};

const glance = { connections: 64, rounds: 1, seconds: 1, warmUpSeconds: 0.3 };

/** Less than two minutes: its figures are no more than a hint. */
export const quickPlan: Plan = {
  throughput: { rounds: glance.rounds, levels: [glance] },
  starts: 2,
  interference: glance,
  isInterferenceOfAll: false,
  replicas: glance,
  soak: { connections: 32, seconds: 5 },
  growth: undefined,
};
