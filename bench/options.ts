// The command line of `bun run bench`.
import { join, resolve } from "node:path";
import { readArguments, refuse } from "../scripts/arguments.ts";
import { engineNames, type EngineName } from "./engines/engine.ts";
import { peersOn } from "./peers/index.ts";
import { platform } from "./peers/platform/peer.ts";
import { workloads, type Workload } from "./workloads/index.ts";

const root = resolve(import.meta.dir, "..");

const partNames = [
  "starts",
  "throughput",
  "traces",
  "tokens",
  "interference",
  "replicas",
  "growth",
  "soak",
] as const;

/** A part of the run, which can be measured alone. */
export type Part = (typeof partNames)[number];

const parts = partNames.map((name) => ({ name }));

const usage = `Usage: bun run bench [--engine NAME] [--quick] [--parts NAMES] [--peers NAMES] [--workloads NAMES]
                     [--folder FOLDER] [--output FOLDER]

  --engine NAME      the storage of all peers: sqlite, the default, or postgres, a server that the run starts
  --quick            one short round of each, in less than two minutes: shows that everything works
  --parts NAMES      default: all of ${names(parts)}
  --peers NAMES      the peers beside the platform, as in floor,node; default: all of
                     ${names(peersOn.sqlite)} on sqlite, ${names(peersOn.postgres)} on postgres
  --workloads NAMES  default: all of ${names(workloads)}
  --folder FOLDER    a folder on the disk to measure; default: /var/tmp
  --output FOLDER    where to write results.json, results.md and chart.svg;
                     default: bench/results, or dist/bench if quick; on postgres its folder postgres
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

function engineNamed(wanted: string): EngineName {
  const found = engineNames.find((name) => name === wanted);
  return found ?? refuse(`Cannot find "${wanted}" among ${engineNames.join(", ")}`, usage);
}

/** What to measure, and where, by the arguments. Ends the process if they are wrong. */
export function readOptions() {
  const { values } = readArguments(usage, {
    options: {
      engine: { type: "string", default: "sqlite" },
      quick: { type: "boolean", default: false },
      parts: { type: "string" },
      peers: { type: "string" },
      workloads: { type: "string" },
      folder: { type: "string", default: "/var/tmp" },
      output: { type: "string" },
    },
  });
  const isQuick = values.quick;
  const engine = engineNamed(values.engine);
  const place = join(root, isQuick ? "dist/bench" : "bench/results");
  return {
    engine,
    isQuick,
    parts: new Set<Part>(pick(parts, values.parts).map(({ name }) => name)),
    /** The platform first. */
    peers: [platform, ...pick(peersOn[engine], values.peers)],
    workloads: pick<Workload>(workloads, values.workloads).filter(
      ({ isInQuick }) => isInQuick || !isQuick || values.workloads !== undefined,
    ),
    folder: resolve(values.folder),
    output: resolve(values.output ?? (engine === "sqlite" ? place : join(place, engine))),
  };
}
