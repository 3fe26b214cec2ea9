// The API documents of the last release, as docs/openapi has them.
import { apiDocument } from "../../openapi/api-document.ts";
import { serviceNames } from "../../services.ts";
import { mayBreak, nextBreaking } from "../version.ts";
import { type ApiChange, apiChanges } from "./compare.ts";
import type { ApiDocument } from "./document.ts";

/** Where the document of a service stands, from the root of the repository. */
export const publishedPath = (service: string) => `docs/openapi/${service}.json`;

/** The documents that services of this source have printed: to start one takes half a second of a processor. */
const printed = new Map<string, string>();

/** The document of a service as this source makes it, with the version that it is released as. */
export function currentDocument(service: string, version: string): ApiDocument {
  const text = printed.get(service) ?? apiDocument(service);
  printed.set(service, text);
  const document = JSON.parse(text) as ApiDocument;
  return { ...document, info: { ...document.info, version } };
}

/** How a document is written. */
export const documentText = (document: ApiDocument) => `${JSON.stringify(document, null, 2)}\n`;

/** What changed for the clients of a service since a release. */
interface ServiceChanges {
  readonly service: string;
  /** The release that has the older document. */
  readonly since: string;
  readonly changes: readonly ApiChange[];
}

/**
 * Compares the documents of all services with those of the last release.
 *
 * @param readPublished reads a file of the last release, by its path; undefined if there is none
 * @returns the changes of each service that has been released before
 */
export async function changesSinceRelease(
  readPublished: (path: string) => Promise<string | undefined>,
): Promise<readonly ServiceChanges[]> {
  const found: ServiceChanges[] = [];
  for (const service of serviceNames) {
    const text = await readPublished(publishedPath(service));
    if (text === undefined) continue;
    // This project has written the file.
    const before = JSON.parse(text) as ApiDocument;
    const since = before.info.version;
    found.push({ service, since, changes: apiChanges(before, currentDocument(service, since)) });
  }
  return found;
}

/** Compares with the documents in `docs/openapi` of the current folder. */
export const changesSinceCheckout = () =>
  changesSinceRelease(async (path) => {
    const file = Bun.file(path);
    return (await file.exists()) ? file.text() : undefined;
  });

/** The changes, one in a line; changes that break clients stand first. */
export function changeLines(services: readonly ServiceChanges[]): readonly string[] {
  return services.flatMap(({ service, since, changes }) => {
    if (changes.length === 0) return [`${service}: nothing changed since ${since}`];
    const lines = changes.map(({ text, breaks }) =>
      breaks === undefined ? `  ok      ${text}` : `  BREAKS  ${text}: ${breaks}`,
    );
    return [`${service}, changes since ${since}:`, ...lines.toSorted()];
  });
}

/** Whether a change breaks clients. */
export const isBreaking = (services: readonly ServiceChanges[]): boolean =>
  services.some(({ changes }) => changes.some(({ breaks }) => breaks !== undefined));

/** The version that the changes need, if `version` does not allow them; else undefined. */
export function neededVersion(services: readonly ServiceChanges[], version: string) {
  const breaking = services.filter((service) => isBreaking([service]));
  const refused = breaking.find(({ since }) => !mayBreak(version, since));
  return refused && nextBreaking(refused.since);
}
