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

const pace = { connections: 64, rounds: 5, seconds: 2, warmUpSeconds: 1 };
const shorter = { ...pace, rounds: 3, seconds: 1, warmUpSeconds: 0.5 };

/** Some forty minutes. */
export const fullPlan: Plan = {
  throughput: {
    ...pace,
    levels: [
      pace,
      { connections: 1, seconds: 1 },
      { connections: 8, seconds: 1 },
      { connections: 256, seconds: 1 },
    ],
    warmUpSeconds: 0.6,
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
  throughput: { ...glance, levels: [glance] },
  starts: 2,
  interference: glance,
  isInterferenceOfAll: false,
  replicas: glance,
  soak: { connections: 32, seconds: 5 },
  growth: undefined,
};
