// Compares what two schemas allow.
import { type ApiDocument, type Schema, resolved } from "./document.ts";
import { type Effect, intersection, isAnnotation, keywordEffect } from "./keywords.ts";

/** A change somewhere in a schema. */
export interface SchemaChange extends Effect {
  /** Where in the value, such as `.items[].quantity`; empty for the value itself. */
  readonly at: string;
  /** The keyword that changed; undefined if a member came, went, or is needed now. */
  readonly keyword?: string;
}

type Properties = Readonly<Record<string, Schema>>;

/** The parts of a schema that hold other schemas, each compared on its own. */
const structure = ["properties", "required", "items", "additionalProperties"];

/** A schema without references, `allOf` and `const`. The schemas in it are as they were. */
function flat(document: ApiDocument, schema: Schema): Schema {
  const { allOf, const: constant, ...own } = resolved<Schema>(document, schema);
  const start: Schema = constant === undefined ? own : { ...own, enum: [constant] };
  const parts = (allOf ?? []) as readonly Schema[];
  return parts.map((part) => flat(document, part)).reduce(both, start);
}

/** A schema that allows what two flat schemas allow. */
function both(first: Schema, second: Schema): Schema {
  const merged: Record<string, unknown> = { ...first };
  for (const [keyword, value] of Object.entries(second)) {
    const present = first[keyword];
    if (present === undefined) merged[keyword] = value;
    else if (keyword === "required")
      merged[keyword] = [...requiredOf(first), ...requiredOf(second)];
    else if (keyword === "properties") merged[keyword] = bothProperties(first, second);
    else merged[keyword] = intersection(keyword, present, value);
  }
  return merged;
}

const requiredOf = (schema: Schema) => (schema["required"] ?? []) as readonly string[];
const propertiesOf = (schema: Schema) => (schema["properties"] ?? {}) as Properties;

function bothProperties(first: Schema, second: Schema): Properties {
  const merged: Record<string, Schema> = { ...propertiesOf(first) };
  for (const [name, schema] of Object.entries(propertiesOf(second))) {
    const present = merged[name];
    merged[name] = present === undefined ? schema : { allOf: [present, schema] };
  }
  return merged;
}

/** The schema that allows every value. */
const any: Schema = {};

const itemsOf = (schema: Schema) => (schema["items"] ?? any) as Schema;

/** The schema of the members that `properties` does not list; false if they are refused. */
function othersOf(schema: Schema): Schema | false {
  const others = schema["additionalProperties"] ?? any;
  return others === true ? any : (others as Schema | false);
}

/**
 * The changes between two schemas.
 *
 * @param documents the documents that hold the schemas, for their references
 */
export function* compareSchemas(
  documents: { readonly before: ApiDocument; readonly after: ApiDocument },
  before: Schema,
  after: Schema,
  at = "",
  parents: readonly Schema[] = [],
): Generator<SchemaChange> {
  // A schema within itself has been compared already.
  const self = resolved<Schema>(documents.before, before);
  if (parents.includes(self)) return;
  const was = flat(documents.before, before);
  const is = flat(documents.after, after);
  const inside = (first: Schema, second: Schema, step: string) =>
    compareSchemas(documents, first, second, at + step, [...parents, self]);

  for (const keyword of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (structure.includes(keyword) || isAnnotation(keyword)) continue;
    const effect = keywordEffect(keyword, was[keyword], is[keyword]);
    if (effect !== undefined) yield { at, keyword, ...effect };
  }

  const isRequired = (name: string) => requiredOf(is).includes(name);
  const wasRequired = (name: string) => requiredOf(was).includes(name);
  for (const [name, schema] of Object.entries(propertiesOf(was))) {
    const now = propertiesOf(is)[name];
    const place = { at: `${at}.${name}` };
    if (now === undefined) {
      yield { ...place, isNarrower: true, isWider: true, text: "was removed" };
      continue;
    }
    if (isRequired(name) && !wasRequired(name)) {
      yield { ...place, isNarrower: true, isWider: false, text: "is required now" };
    }
    if (wasRequired(name) && !isRequired(name)) {
      yield { ...place, isNarrower: false, isWider: true, text: "is optional now" };
    }
    yield* inside(schema, now, `.${name}`);
  }
  for (const name of Object.keys(propertiesOf(is))) {
    if (propertiesOf(was)[name] !== undefined) continue;
    const text = isRequired(name) ? "was added and is required" : "was added";
    yield { at: `${at}.${name}`, isNarrower: isRequired(name), isWider: false, text };
  }

  if ("items" in was || "items" in is) yield* inside(itemsOf(was), itemsOf(is), "[]");
  const [others, nowOthers] = [othersOf(was), othersOf(is)];
  if (others !== false && nowOthers !== false) {
    if (others !== any || nowOthers !== any) yield* inside(others, nowOthers, ".*");
  } else if (others !== nowOthers) {
    const verb = nowOthers === false ? "refuses" : "allows";
    const text = `${verb} members that it does not list`;
    const keyword = "additionalProperties";
    // A receiver skips members that it does not know.
    yield { at, keyword, isNarrower: nowOthers === false, isWider: false, text };
  }
}
