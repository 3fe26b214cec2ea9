// `bun scripts/check-crds.ts FILE…`: checks objects in k8s/ against the schemas of the operators that they
// are for, the CustomResourceDefinitions in the files: cnpg-1.30.0.yaml of CloudNativePG's release and
// manifest.yaml of its Barman Cloud plugin's, stripped-down-crds.yaml of Prometheus' Operator's, or
// standard-install.yaml of Gateway API's. Prints a line for each object of their groups, and ends with 1 if one
// does not fit or there is none.
import type { JsonSchema } from "../shared/src/openapi/types.ts";
import { readArguments, refuse } from "./arguments.ts";
import { schemaCheck } from "../shared/testing/schema-check.ts";
import { everyDelivery } from "../k8s/test/manifests.ts";

const usage = "Usage: bun scripts/check-crds.ts FILE...\n";

interface CustomResourceDefinition {
  kind: "CustomResourceDefinition";
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; schema: { openAPIV3Schema: JsonSchema } }[];
  };
}

const check = schemaCheck({ components: { schemas: {} } });
const schemas = new Map<string, JsonSchema>();
const groups = new Set<string>();
const { positionals: files } = readArguments(usage, { allowPositionals: true });
if (files.length === 0) refuse("Name a file with CustomResourceDefinitions", usage);
for (const file of files) {
  for (const { spec } of await definitionsIn(file)) {
    groups.add(spec.group);
    for (const { name, schema } of spec.versions) {
      schemas.set(`${spec.group}/${name} ${spec.names.kind}`, schema.openAPIV3Schema);
    }
  }
}

let checked = 0;
let failures = 0;
for (const [title, objects] of everyDelivery) {
  for (const object of objects) {
    if (!groups.has(object.apiVersion?.split("/")[0] ?? "")) continue;
    checked += 1;
    const schema = schemas.get(`${object.apiVersion} ${object.kind}`);
    const mismatches = schema ? check(schema, object) : ["No file has its schema"];
    failures += mismatches.length;
    console.log(
      `${title}: ${object.kind} ${object.metadata?.name}: ${mismatches.join("; ") || "ok"}`,
    );
  }
}
if (checked === 0) console.log("k8s/ has no object that these files define");
process.exitCode = checked > 0 && failures === 0 ? 0 : 1;

async function definitionsIn(file: string): Promise<CustomResourceDefinition[]> {
  const documents: unknown = Bun.YAML.parse(await Bun.file(file).text());
  // Kubernetes' own keywords, such as x-kubernetes-validations, are unknown to JSON Schema, and flags within
  // a pattern to JavaScript.
  const text = JSON.stringify(documents, (key, value: unknown) =>
    key.startsWith("x-kubernetes-") || (key === "pattern" && String(value).includes("(?i)"))
      ? undefined
      : value,
  );
  // A CustomResourceDefinition has this shape, by Kubernetes' API. An empty document, as before a first
  // `---`, is null.
  const parsed = [JSON.parse(text)].flat() as (CustomResourceDefinition | null)[];
  return parsed
    .filter((document) => document !== null)
    .filter(({ kind }) => kind === "CustomResourceDefinition");
}
