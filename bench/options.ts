// The command line of `bun run bench`.
import { join, resolve } from "node:path";
import { readArguments, refuse } from "../scripts/arguments.ts";
import { peers } from "./peers/index.ts";
import { platform } from "./peers/platform/peer.ts";
import { workloads, type Workload } from "./workloads/index.ts";

const root = resolve(import.meta.dir, "..");

const usage = `Usage: bun run bench [--quick] [--peers NAMES] [--workloads NAMES] [--folder FOLDER] [--output FOLDER]

  --quick            one short round of each, in less than two minutes: shows that everything works
  --peers NAMES      the peers beside the platform, as in floor,node; default: all of ${names(peers)}
  --workloads NAMES  default: all of ${names(workloads)}
  --folder FOLDER    a folder on the disk to measure; default: /var/tmp
  --output FOLDER    where to write results.json, results.md and chart.svg;
                     default: bench/results, or dist/bench if quick
`;

function names(named: readonly { name: string }[]): string {
  return named.map(({ name }) => name).join(", ");
}

/** The items that a list such as `floor,node` names; all items without a list. */
function pick<T extends { name: string }>(from: readonly T[], list: string | undefined): T[] {
  if (list === undefined) return [...from];
  const wanted = list.split(",");
  const unknown = wanted.find((name) => !from.some((one) => one.name === name));
  if (unknown !== undefined) refuse(`Cannot find "${unknown}" among ${names(from)}`, usage);
  return from.filter(({ name }) => wanted.includes(name));
}

/** What to measure, and where, by the arguments. Ends the process if they are wrong. */
export function readOptions() {
  const { values } = readArguments(usage, {
    options: {
      quick: { type: "boolean", default: false },
      peers: { type: "string" },
      workloads: { type: "string" },
      folder: { type: "string", default: "/var/tmp" },
      output: { type: "string" },
    },
  });
  const isQuick = values.quick;
  return {
    isQuick,
    /** The platform first. */
    peers: [platform, ...pick(peers, values.peers)],
    workloads: pick<Workload>(workloads, values.workloads).filter(
      ({ isInQuick }) => isInQuick || !isQuick || values.workloads !== undefined,
    ),
    folder: resolve(values.folder),
    output: resolve(values.output ?? join(root, isQuick ? "dist/bench" : "bench/results")),
  };
}
