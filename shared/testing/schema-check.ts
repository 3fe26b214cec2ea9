// Checks values against the schemas of an API document.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { isJsonObject, mapSubschemas } from "../src/openapi/schema.ts";
import type { JsonSchema, OpenApiDocument } from "../src/openapi/types.ts";

/** The mismatches between a value and a schema. A member that the schema does not name is one. */
export type SchemaCheck = (schema: JsonSchema, value: unknown) => string[];

// Many tests make the same document; compiling its schemas takes longer than using them.
const checks = new Map<string, SchemaCheck>();

/** A document's named schemas. */
interface Components {
  readonly components: Pick<OpenApiDocument["components"], "schemas">;
}

/** The check for a document. It compiles each schema once, at its first use. */
export function schemaCheck({ components: { schemas } }: Components): SchemaCheck {
  const key = JSON.stringify(schemas);
  const check = checks.get(key) ?? makeCheck(schemas);
  checks.set(key, check);
  return check;
}

function makeCheck(schemas: Record<string, JsonSchema>): SchemaCheck {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false });
  addFormats.default(ajv);
  // References are "#/components/schemas/…", so each schema is compiled with the components inside it.
  ajv.addVocabulary(["components"]);
  const components = {
    schemas: Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => [name, closed(schema)]),
    ),
  };
  const compiled = new Map<string, ValidateFunction>();

  return (schema, value) => {
    const key = JSON.stringify(schema);
    const validate = compiled.get(key) ?? ajv.compile({ ...closed(schema), components });
    compiled.set(key, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message = "does not fit", params }) =>
        `${instancePath || "The whole"} ${message} ${JSON.stringify(params)}`,
    );
  };
}

/**
 * The schema with closed objects. Clients must accept members that the document does not name; in a
 * test, a response with one means that the document is incomplete.
 */
function closed(schema: JsonSchema): JsonSchema {
  // Each part of an intersection names some of the members.
  if (schema.allOf) return { ...schema, unevaluatedProperties: false };
  const inside = mapSubschemas(schema, closed);
  const isClosable = isJsonObject(schema.properties) && schema.additionalProperties === undefined;
  return isClosable ? { ...inside, additionalProperties: false } : inside;
}
