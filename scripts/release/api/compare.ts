// Finds what differs between two OpenAPI documents of a service, and which of it breaks clients.
import { isDeepStrictEqual } from "node:util";
import { type SchemaChange, compareSchemas } from "./compare-schemas.ts";
import {
  type ApiDocument,
  type Content,
  type Operation,
  type Parameter,
  type Response,
  operationsOf,
  parametersOf,
  resolved,
} from "./document.ts";

/** One difference that a client can notice. */
export interface ApiChange {
  /** Such as `GET /users, query parameter limit: maximum was 100, is 50`. */
  readonly text: string;
  /** What a client of the older document loses; undefined if it loses nothing. */
  readonly breaks?: string;
}

/** Which side writes the values of a schema. */
type Direction = "request" | "response";

/** A change before changes with the same text are put together. */
interface Found {
  /** Empty if the operation itself came or went. */
  readonly operation: string;
  /** The part of the operation, such as `response 200`; empty for all of it. */
  readonly part: string;
  readonly text: string;
  readonly breaks?: string;
}

const added = (name: string) => `${name} was added`;
const removed = (name: string) => `${name} was removed`;

/** Compares two documents. A change of something that operations share is listed once. */
export function apiChanges(before: ApiDocument, after: ApiDocument): readonly ApiChange[] {
  const groups = new Map<string, { places: string[]; text: string; breaks?: string }>();
  for (const { operation, part, text, breaks } of compare(before, after)) {
    const key = JSON.stringify([part.replace(/\d+/, ""), text, breaks]);
    const group = groups.get(key) ?? { places: [], text, ...(breaks && { breaks }) };
    group.places.push([operation, part].filter((word) => word !== "").join(", "));
    groups.set(key, group);
  }
  return [...groups.values()].map(({ places: [first = "", ...more], text, breaks }) => {
    const where = more.length === 0 ? first : `${first} and ${more.length} more`;
    return { text: where === "" ? text : `${where}: ${text}`, ...(breaks && { breaks }) };
  });
}

function* compare(before: ApiDocument, after: ApiDocument): Generator<Found> {
  const was = operationsOf(before);
  const is = operationsOf(after);
  for (const [operation, old] of was) {
    const now = is.get(operation);
    if (now === undefined) {
      const breaks = "clients get 404 or 405";
      yield { operation: "", part: "", text: removed(operation), breaks };
    } else {
      yield* compareOperations({ before, after, operation }, old, now);
    }
  }
  for (const operation of is.keys()) {
    if (!was.has(operation)) yield { operation: "", part: "", text: added(operation) };
  }
}

/** Where two parts stand: their documents and the operation. */
interface Place {
  readonly before: ApiDocument;
  readonly after: ApiDocument;
  readonly operation: string;
}

function* compareOperations(place: Place, old: Operation, now: Operation): Generator<Found> {
  const { before, after, operation } = place;
  if (old.operationId !== now.operationId) {
    const text = `operationId was ${old.operationId}, is ${now.operationId}`;
    yield { operation, part: "", text, breaks: "generated clients rename its method" };
  }
  const accepted = now.security ?? after.security ?? [];
  const needed = accepted.length > 0 && !accepted.some((way) => Object.keys(way).length === 0);
  const lost = (old.security ?? before.security ?? [{}]).filter(
    (way) => !accepted.some((other) => isDeepStrictEqual(way, other)),
  );
  const wasOpen = (old.security ?? before.security ?? []).length === 0;
  if (needed && (wasOpen || lost.length > 0)) {
    const text = `security needs ${accepted.map((way) => Object.keys(way).join(" with ")).join(" or ")}`;
    yield { operation, part: "", text, breaks: "clients without it get 401" };
  }
  yield* compareParameters(place, old, now);
  yield* compareRequestBodies(place, old, now);
  yield* compareResponses(place, old, now);
}

function* compareParameters(place: Place, old: Operation, now: Operation): Generator<Found> {
  const { before, after, operation } = place;
  const was = parametersOf(before, old);
  const is = parametersOf(after, now);
  for (const [part, parameter] of was) {
    const present = is.get(part);
    if (present === undefined) {
      const breaks = "requests with it are refused, or it does nothing";
      yield { operation, part: "", text: removed(part), breaks };
      continue;
    }
    if (present.required && !parameter.required) {
      const breaks = "requests without it are refused";
      yield { operation, part, text: "is required now", breaks };
    }
    if (parameter.required && !present.required) yield { operation, part, text: "is optional now" };
    if (!isDeepStrictEqual(spelling(parameter), spelling(present))) {
      const breaks = "clients send it in the old spelling";
      yield { operation, part, text: "style or explode differs", breaks };
    }
    yield* compareValues(place, part, "request", parameter, present);
  }
  for (const [part, { required }] of is) {
    if (was.has(part)) continue;
    const breaks = required ? { breaks: "requests without it are refused" } : {};
    yield { operation, part: "", text: added(part), ...breaks };
  }
}

/** How a parameter is written, with OpenAPI's defaults. */
function spelling(parameter: Parameter) {
  const isForm = parameter.in === "query" || parameter.in === "cookie";
  const style = parameter.style ?? (isForm ? "form" : "simple");
  return { style, explode: parameter.explode ?? style === "form" };
}

function* compareRequestBodies(place: Place, old: Operation, now: Operation): Generator<Found> {
  const { before, after, operation } = place;
  const was = old.requestBody && resolved(before, old.requestBody);
  const is = now.requestBody && resolved(after, now.requestBody);
  const part = "request body";
  if (is === undefined) {
    if (was === undefined) return;
    yield { operation, part: "", text: removed(part), breaks: "what clients send does nothing" };
    return;
  }
  if (is.required && !was?.required) {
    const breaks = "requests without one are refused";
    yield { operation, part, text: "is required now", breaks };
  }
  if (was?.required && !is.required) yield { operation, part, text: "is optional now" };
  if (was === undefined) yield { operation, part: "", text: added(part) };
  else yield* compareContents(place, part, "request", was.content, is.content);
}

function* compareResponses(place: Place, old: Operation, now: Operation): Generator<Found> {
  const { before, after, operation } = place;
  for (const [status, response] of Object.entries(old.responses)) {
    const part = `response ${status}`;
    const present = now.responses[status];
    if (present !== undefined) {
      const was = resolved(before, response);
      const is = resolved(after, present);
      yield* compareHeaders(place, part, was, is);
      yield* compareContents(place, part, "response", was.content ?? {}, is.content ?? {});
    } else if (status < "400") {
      const breaks = "clients wait for this status in vain";
      yield { operation, part: "", text: removed(part), breaks };
    } else {
      yield { operation, part: "", text: removed(part) };
    }
  }
  for (const status of Object.keys(now.responses)) {
    // RFC 9110, section 15: a client treats a status that it does not know as the first of its class.
    if (old.responses[status] === undefined) {
      yield { operation, part: "", text: added(`response ${status}`) };
    }
  }
}

function* compareHeaders(place: Place, part: string, was: Response, is: Response) {
  const { before, after, operation } = place;
  const now = Object.entries(is.headers ?? {});
  const same = (name: string, other: string) => name.toLowerCase() === other.toLowerCase();
  for (const [name, header] of Object.entries(was.headers ?? {})) {
    const [, present] = now.find(([other]) => same(name, other)) ?? [];
    const text = `header ${name}`;
    if (present === undefined) {
      yield { operation, part, text: removed(text), breaks: "clients miss it" };
      continue;
    }
    const [old, current] = [resolved(before, header), resolved(after, present)];
    if (old.required && !current.required) {
      yield { operation, part, text: `${text} is optional now`, breaks: "clients may miss it" };
    }
    yield* compareValues(place, part, "response", old, current, text);
  }
  for (const [name] of now) {
    if (Object.keys(was.headers ?? {}).some((other) => same(name, other))) continue;
    yield { operation, part, text: added(`header ${name}`) };
  }
}

function* compareContents(
  place: Place,
  part: string,
  direction: Direction,
  was: Content,
  is: Content,
): Generator<Found> {
  const { operation } = place;
  for (const [type, media] of Object.entries(was)) {
    const present = is[type];
    if (present !== undefined) {
      // docs/api.md: a later version may add codes, and a client treats one like its status.
      const isOpen = type === "application/problem+json";
      yield* compareValues(place, part, direction, media, present, "", isOpen);
      continue;
    }
    const breaks = direction === "request" ? "requests with it get 415" : "clients cannot read it";
    yield { operation, part, text: removed(type), breaks };
  }
  for (const type of Object.keys(is)) {
    if (was[type] === undefined) yield { operation, part, text: added(type) };
  }
}

/** Compares the schemas of two parts. */
function* compareValues(
  place: Place,
  part: string,
  direction: Direction,
  was: Pick<Parameter, "schema">,
  is: Pick<Parameter, "schema">,
  name = "",
  isOpen = false,
): Generator<Found> {
  const { operation } = place;
  for (const change of compareSchemas(place, was.schema ?? {}, is.schema ?? {})) {
    const text = [name, change.at, change.text].filter((word) => word !== "").join(" ");
    const isNewWord = isOpen && change.keyword === "enum";
    const isBreaking = direction === "request" ? change.isNarrower : change.isWider && !isNewWord;
    const breaks = isBreaking ? { breaks: consequence(direction, change) } : {};
    yield { operation, part, text, ...breaks };
  }
}

function consequence(direction: Direction, { keyword, isWider }: SchemaChange): string {
  if (direction === "response") {
    return keyword === undefined ? "clients miss it" : "clients get values that they do not expect";
  }
  if (keyword !== undefined) return "requests that were valid are refused";
  return isWider ? "what clients send in it does nothing" : "requests without it are refused";
}
