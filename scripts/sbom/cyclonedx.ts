// An inventory as CycloneDX 1.6.
import manifest from "../../package.json" with { type: "json" };
import type { Component, Inventory } from "./inventory.ts";

const componentOf = ({ purl, kind, name, version, license, sha512, cpe }: Component) => ({
  type: kind,
  "bom-ref": purl,
  name,
  version,
  ...(sha512 === undefined ? {} : { hashes: [{ alg: "SHA-512", content: sha512 }] }),
  ...(license === undefined
    ? {}
    : {
        licenses: [license.includes(" ") ? { expression: license } : { license: { id: license } }],
      }),
  ...(cpe === undefined ? {} : { cpe }),
  purl,
});

/**
 * Makes the document.
 *
 * @param uuid names the document
 * @param time in ISO 8601
 */
export const cyclonedx = ({ service, parts }: Inventory, uuid: string, time: string) => ({
  $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  serialNumber: `urn:uuid:${uuid}`,
  version: 1,
  metadata: {
    timestamp: time,
    lifecycles: [{ phase: "build" }],
    tools: {
      components: [{ type: "application", name: manifest.name, version: manifest.version }],
    },
    component: componentOf(service),
  },
  components: parts.map(componentOf),
  dependencies: [service, ...parts].map(({ purl, needs }) => ({ ref: purl, dependsOn: needs })),
});
