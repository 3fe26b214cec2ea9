// The peers beside the platform, in the order of the report.
import type { EngineName } from "../engines/engine.ts";
import { floor } from "./floor/peer.ts";
import { go } from "./go/peer.ts";
import { node } from "./node/peer.ts";
import { fastapi, original } from "./original/peer.ts";
import type { Peer } from "./peer.ts";

/** All of them, on each engine. */
export const peersOn: Readonly<Record<EngineName, readonly Peer[]>> = {
  sqlite: [floor("sqlite"), node("sqlite"), go("sqlite"), original],
  postgres: [floor("postgres"), node("postgres"), go("postgres"), fastapi],
};
