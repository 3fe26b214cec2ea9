// What every measurement works with.
import type { Placement } from "../tools/host.ts";
import type { Seed } from "../tools/seed.ts";
import type { ReadyPeer } from "../tools/system.ts";

/** See above. */
export interface Bench {
  /** The platform first. */
  readonly peers: readonly ReadyPeer[];
  /** Ten thousand users and orders. */
  readonly seed: Seed;
  /** On a disk; what is in it goes with it. */
  readonly folder: string;
  readonly placement: Placement;
}

/** How often and how long. */
export interface Pace {
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}
