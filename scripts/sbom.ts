// Lists what is in a service's image, as CycloneDX or SPDX: scripts/sbom.ts --help.
import { resolve } from "node:path";
import { $ } from "bun";
import manifest from "../package.json" with { type: "json" };
import { readArguments, refuse } from "./arguments.ts";
import { root } from "./root.ts";
import { cyclonedx } from "./sbom/cyclonedx.ts";
import { inventoryOf } from "./sbom/inventory.ts";
import { spdx } from "./sbom/spdx.ts";
import { serviceNames } from "./services.ts";

const formats = { cyclonedx, spdx };

const usage = `Usage: bun scripts/sbom.ts SERVICE [--format cyclonedx|spdx] [--out FILE]

Lists the packages in the executable of a service with their exact versions, Bun, SQLite and the base
image. The same commit gives the same bytes: SOURCE_DATE_EPOCH is the time in it, in seconds since 1970,
and the time of the commit if it is unset.

  --format FORMAT  CycloneDX 1.6 or SPDX 2.3, as JSON. Default: cyclonedx
  --out FILE       where to write it, instead of to the standard output
`;

const { values, positionals } = readArguments(usage, {
  allowPositionals: true,
  options: { format: { type: "string", default: "cyclonedx" }, out: { type: "string" } },
});
const [service = "", ...rest] = positionals;
if (!serviceNames.includes(service) || rest.length > 0) {
  refuse(`Name one service of ${serviceNames.join(", ")}, found "${positionals.join(" ")}"`, usage);
}
const { format } = values;
if (format !== "cyclonedx" && format !== "spdx") refuse(`Cannot write format "${format}"`, usage);
// Another Bun has another SQLite.
if (Bun.version !== manifest.engines.bun) {
  refuse(`Cannot list what Bun ${manifest.engines.bun} contains with Bun ${Bun.version}`, usage);
}

const out = values.out === undefined ? Bun.stdout : Bun.file(resolve(values.out));
process.chdir(root);
const seconds =
  process.env["SOURCE_DATE_EPOCH"] ?? (await $`git log -1 --format=%ct`.text().catch(() => ""));
if (!/^\d+\s*$/.test(seconds)) {
  refuse(`Set SOURCE_DATE_EPOCH to seconds since 1970, found "${seconds}"`, usage);
}
const time = new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");

const inventory = await inventoryOf(service);
// A document with another content has another name.
const uuid = Bun.randomUUIDv5(JSON.stringify([inventory, time]), "url");
await Bun.write(out, `${JSON.stringify(formats[format](inventory, uuid, time), null, 2)}\n`);
