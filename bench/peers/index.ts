// The peers beside the platform, in the order of the report.
import { floor } from "./floor/peer.ts";
import { go } from "./go/peer.ts";
import { node } from "./node/peer.ts";
import { original } from "./original/peer.ts";
import type { Peer } from "./peer.ts";

/** All of them. */
export const peers: readonly Peer[] = [floor, node, go, original];
