// An inventory as SPDX 2.3, the version that the tools for attestations read.
import manifest from "../../package.json" with { type: "json" };
import type { Component, Inventory } from "./inventory.ts";

const purposes = {
  application: "APPLICATION",
  library: "LIBRARY",
  platform: "FRAMEWORK",
  container: "CONTAINER",
} as const;

/** An SPDX identifier: letters, digits, dots and hyphens. */
const idOf = (purl: string) => `SPDXRef-${purl.replace(/[^A-Za-z0-9.]+/g, "-")}`;

const packageOf = ({ purl, kind, name, version, license, sha512, cpe }: Component) => ({
  SPDXID: idOf(purl),
  name,
  versionInfo: version,
  primaryPackagePurpose: purposes[kind],
  downloadLocation: "NOASSERTION",
  filesAnalyzed: false,
  licenseConcluded: "NOASSERTION",
  licenseDeclared: license ?? "NOASSERTION",
  copyrightText: "NOASSERTION",
  ...(sha512 === undefined ? {} : { checksums: [{ algorithm: "SHA512", checksumValue: sha512 }] }),
  externalRefs: [
    { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl },
    ...(cpe === undefined
      ? []
      : [{ referenceCategory: "SECURITY", referenceType: "cpe23Type", referenceLocator: cpe }]),
  ],
});

/**
 * Makes the document.
 *
 * @param uuid names the document
 * @param time in ISO 8601, without fractions of a second
 */
export const spdx = ({ service, parts }: Inventory, uuid: string, time: string) => ({
  spdxVersion: "SPDX-2.3",
  dataLicense: "CC0-1.0",
  SPDXID: "SPDXRef-DOCUMENT",
  name: `${service.name}-${service.version}`,
  documentNamespace: `https://spdx.org/spdxdocs/${service.name}-${service.version}-${uuid}`,
  creationInfo: { created: time, creators: [`Tool: ${manifest.name}-${manifest.version}`] },
  packages: [service, ...parts].map(packageOf),
  relationships: [
    {
      spdxElementId: "SPDXRef-DOCUMENT",
      relationshipType: "DESCRIBES",
      relatedSpdxElement: idOf(service.purl),
    },
    ...[service, ...parts].flatMap(({ purl, needs }) =>
      needs.map((needed) => ({
        spdxElementId: idOf(purl),
        relationshipType: "DEPENDS_ON",
        relatedSpdxElement: idOf(needed),
      })),
    ),
  ],
});
