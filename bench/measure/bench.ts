// The parts that every measurement needs.
import type { Seed } from "../engines/engine.ts";
import type { Placement } from "../tools/host.ts";
import type { ReadyPeer } from "../tools/system.ts";

/** The peers, and where to run them. */
export interface Bench {
  readonly platform: ReadyPeer;
  /** The platform first. */
  readonly peers: readonly ReadyPeer[];
  /** Ten thousand users and orders. */
  readonly seed: Seed;
  /** On a disk; deleted at the end with everything in it. */
  readonly folder: string;
  readonly placement: Placement;
}

/** How often and how long to measure. */
export interface Pace {
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}
