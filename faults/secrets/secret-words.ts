// What must not get out, in words that are found wherever they turn up.
import { resolve } from "node:path";

/** What somebody sends, stores or sets, and nobody else should read. */
export type SecretKind =
  | "address"
  | "article"
  | "authorization"
  | "body"
  | "cookie"
  | "environment"
  | "key"
  | "long"
  | "name"
  | "password"
  | "precondition"
  | "query"
  | "requestid"
  | "stored"
  | "tracestate"
  | "unknown"
  | "upstream";

/** The word that stands for a secret: a name, an identifier, a header value, part of an address. */
export function secret(kind: SecretKind): string {
  return `zq${kind}qz`;
}

const anySecret = /zq([a-z]+)qz/gi;

/** Header fields that are nobody's business, as clients and proxies send them. */
export const privateHeaders = {
  authorization: `Bearer ${secret("authorization")}`,
  cookie: `session=${secret("cookie")}; odd=%zz`,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: `${secret("tracestate")}=é`,
  "x-request-id": `${secret("requestid")} of alice@example.com`,
} as const;

const inStacks = { stack: /(?:^|\n|\\n)\s+at |node_modules|\$bunfs|\.ts:\d/ };
const root = resolve(import.meta.dir, "../..");
const inside = {
  SQL: /\b(?:SELECT|INSERT|UPDATE|DELETE FROM|PRAGMA|BEGIN) |sqlite_|constraint failed|no such (?:table|column)/,
  path: new RegExp(`/home|${root}/|\\b(?:tmp|data)/|\\.db\\b|platform-test-`),
};

/** What of this is in a text. */
function traces(text: string, patterns: Readonly<Record<string, RegExp>>): string[] {
  return Object.entries(patterns).flatMap(([name, pattern]) => {
    const found = pattern.exec(text);
    return found
      ? [`${name} in ${text.slice(Math.max(0, found.index - 100), found.index + 200)}`]
      : [];
  });
}

function secretsIn(text: string, told: readonly SecretKind[]): string[] {
  const kinds = new Set(
    Array.from(text.matchAll(anySecret), ([, kind = ""]) => kind.toLowerCase()),
  );
  return [...kinds.difference(new Set<string>(told))].map((kind) => `${kind} in ${text}`);
}

/** What an answer tells that it should not. @param told what the sender may read again */
export function leaksInAnswer(text: string, told: readonly SecretKind[] = []): string[] {
  return [...secretsIn(text, told), ...traces(text, { ...inStacks, ...inside })];
}

/** What a text for the operator, which may name files, tells that it should not. */
export function leaksOnStderr(text: string): string[] {
  return [...secretsIn(text, []), ...traces(text, { ...inStacks, SQL: inside.SQL })];
}

/** What a line of the log tells that it should not: a failure has a stack, which names code alone. */
export function leaksInLine(text: string): string[] {
  const line = JSON.parse(text) as { level: string };
  const mayHaveStack = line.level === "error" || line.level === "fatal";
  const stacks: string[] = [];
  const rest = JSON.stringify(line, (key, value: unknown) => {
    if (key !== "stack" || !mayHaveStack) return value;
    stacks.push(String(value));
    return undefined;
  });
  return [
    ...leaksInAnswer(rest),
    ...stacks.flatMap((stack) => [...secretsIn(stack, []), ...traces(stack, inside)]),
  ];
}
