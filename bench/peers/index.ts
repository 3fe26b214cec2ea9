// All peers, in the order of the report.
import { floor } from "./floor/peer.ts";
import { go } from "./go/peer.ts";
import { node } from "./node/peer.ts";
import { original } from "./original/peer.ts";
import type { Peer } from "./peer.ts";
import { platform } from "./platform/peer.ts";

/** The platform first. */
export const peers: readonly Peer[] = [platform, floor, node, go, original];
