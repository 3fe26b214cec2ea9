// Prints as Markdown what the scanners of the workflow "Vulnerabilities" have reported, or nothing if they
// have found nothing. Usage: bun scripts/vulnerabilities.ts FOLDER
// A scan that has left no report is listed as well: it proves nothing about what it should have scanned.
import { join } from "node:path";
import { services } from "./services.ts";

/** What `bun audit --json` prints: the registry's advisories for each package. */
type Audit = Record<string, readonly { url: string; title: string; severity: string }[]>;

/** What osv-scanner writes with --format=json, as far as it is read here. */
interface OsvReport {
  readonly results: readonly {
    readonly packages: readonly {
      readonly package: { readonly name: string; readonly version: string };
      readonly vulnerabilities?: readonly { readonly id: string; readonly summary?: string }[];
      /** Vulnerabilities that are the same one under several ids. */
      readonly groups?: readonly {
        readonly ids: readonly string[];
        readonly max_severity?: string;
      }[];
    }[];
  }[];
}

/** A row of the table. */
interface Finding {
  readonly found: string;
  readonly what: string;
  readonly severity: string;
}

function fromAudit(audit: Audit): Finding[] {
  return Object.entries(audit).flatMap(([name, advisories]) =>
    advisories.map(({ url, title, severity }) => ({
      found: name,
      what: `[${url.split("/").at(-1)}](${url}) ${title}`,
      severity,
    })),
  );
}

function fromOsv({ results }: OsvReport): Finding[] {
  return results
    .flatMap(({ packages }) => packages)
    .flatMap(({ package: { name, version }, vulnerabilities = [], groups = [] }) =>
      groups.map(({ ids: [id = "", ...others], max_severity }) => {
        const { summary = "" } = vulnerabilities.find((known) => known.id === id) ?? {};
        const aliases = others.length === 0 ? "" : ` (${others.join(", ")})`;
        return {
          found: `${name} ${version}`,
          what: `[${id}](https://osv.dev/${id})${aliases} ${summary}`,
          severity: max_severity ?? "",
        };
      }),
    );
}

/** Each report, what it is about, and how it is read. */
const reports = [
  { file: "packages.audit.json", about: "`bun.lock`, by the npm registry", read: fromAudit },
  {
    file: "openapi.audit.json",
    about: "`scripts/openapi/bun.lock`, by the npm registry",
    read: fromAudit,
  },
  { file: "packages.osv.json", about: "both lockfiles, by OSV", read: fromOsv },
  ...services.map(({ name }) => ({
    file: `${name}.osv.json`,
    about: `the image of ${name}, by OSV`,
    read: fromOsv,
  })),
];

const [folder = "reports"] = process.argv.slice(2);
for (const { file, about, read } of reports) {
  let findings: Finding[] | undefined;
  try {
    findings = read(await Bun.file(join(folder, file)).json());
  } catch {
    // The scanner's own log has the reason.
  }
  if (findings === undefined) {
    console.log(`## Not scanned: ${about}\n\nThe scanner has left no report; its log says why.\n`);
  } else if (findings.length > 0) {
    // In a table, a | would end the cell and a line break the row.
    const cell = (text: string) =>
      text
        .replaceAll(/\s+/g, " ")
        .replaceAll("|", String.raw`\|`)
        .trim();
    const row = (...cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
    console.log(`## Found in ${about}\n`);
    console.log(`${row("Package", "Vulnerability", "Severity")}\n| --- | --- | --- |`);
    for (const { found, what, severity } of findings) console.log(row(found, what, severity));
    console.log();
  }
}
