// `bun scripts/check-crds.ts FILE…`: checks the objects of CloudNativePG in k8s/ against its own schemas,
// the CustomResourceDefinitions in the files: cnpg-1.30.0.yaml of the operator's release and manifest.yaml
// of the Barman Cloud plugin's. Prints a line for each object, and ends with 1 if one does not fit.
import type { JsonSchema } from "../shared/src/openapi/types.ts";
import { schemaCheck } from "../shared/testing/schema-check.ts";
import { postgresDeliveries } from "../k8s/test/manifests.ts";

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
for (const file of process.argv.slice(2)) {
  for (const { spec } of await definitionsIn(file)) {
    for (const { name, schema } of spec.versions) {
      schemas.set(`${spec.group}/${name} ${spec.names.kind}`, schema.openAPIV3Schema);
    }
  }
}

let failures = 0;
for (const [title, objects] of postgresDeliveries) {
  for (const object of objects.filter(({ apiVersion }) => apiVersion?.includes(".cnpg.io/"))) {
    const schema = schemas.get(`${object.apiVersion} ${object.kind}`);
    const mismatches = schema ? check(schema, object) : ["No file has its schema"];
    failures += mismatches.length;
    console.log(
      `${title}: ${object.kind} ${object.metadata?.name}: ${mismatches.join("; ") || "ok"}`,
    );
  }
}
process.exitCode = failures === 0 ? 0 : 1;

async function definitionsIn(file: string): Promise<CustomResourceDefinition[]> {
  const documents: unknown = Bun.YAML.parse(await Bun.file(file).text());
  // Kubernetes' own keywords, such as x-kubernetes-validations, are unknown to JSON Schema.
  const text = JSON.stringify(documents, (key, value: unknown) =>
    key.startsWith("x-kubernetes-") ? undefined : value,
  );
  // A CustomResourceDefinition has this shape, by Kubernetes' API.
  const parsed = [JSON.parse(text)].flat() as CustomResourceDefinition[];
  return parsed.filter(({ kind }) => kind === "CustomResourceDefinition");
}
