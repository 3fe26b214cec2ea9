// Secrets as marker words, which a test finds in any text.
import { resolve } from "node:path";

/** Where a secret is sent, stored or configured. Only its owner may read it. */
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
  | "token"
  | "tracestate"
  | "unknown"
  | "upstream";

/** The marker word of a secret. It is valid as a name, a header value or part of an address. */
export function secret(kind: SecretKind): string {
  return `zq${kind}qz`;
}

const anySecret = /zq([a-z]+)qz/gi;

/** Private header fields, as clients and proxies send them. */
export const privateHeaders = {
  authorization: `Bearer ${secret("authorization")}`,
  cookie: `session=${secret("cookie")}; odd=%zz`,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: `${secret("tracestate")}=é`,
  "x-request-id": `${secret("requestid")} of alice@example.com`,
} as const;

const stackTrace = { stack: /(?:^|\n|\\n)\s+at |node_modules|\$bunfs|\.ts:\d/ };
const root = resolve(import.meta.dir, "../..");
const internals = {
  SQL: /\b(?:SELECT|INSERT|UPDATE|DELETE FROM|PRAGMA|BEGIN) |sqlite_|constraint failed|no such (?:table|column)/,
  path: new RegExp(`/home|${root}/|\\b(?:tmp|data)/|\\.db\\b|platform-test-`),
};

/** Where a text matches one of the patterns. */
function traces(text: string, patterns: Readonly<Record<string, RegExp>>): string[] {
  return Object.entries(patterns).flatMap(([name, pattern]) => {
    const found = pattern.exec(text);
    return found
      ? [`${name} in ${text.slice(Math.max(0, found.index - 100), found.index + 200)}`]
      : [];
  });
}

function secretsIn(text: string, allowed: readonly SecretKind[]): string[] {
  const kinds = new Set(
    Array.from(text.matchAll(anySecret), ([, kind = ""]) => kind.toLowerCase()),
  );
  return [...kinds.difference(new Set<string>(allowed))].map((kind) => `${kind} in ${text}`);
}

/** Secrets and internals in a response. @param allowed secrets that the sender may read again */
export function leaksInResponse(text: string, allowed: readonly SecretKind[] = []): string[] {
  return [...secretsIn(text, allowed), ...traces(text, { ...stackTrace, ...internals })];
}

/** Secrets and internals in a text for operators, which may name files. */
export function leaksOnStderr(text: string): string[] {
  return [...secretsIn(text, []), ...traces(text, { ...stackTrace, SQL: internals.SQL })];
}

/**
 * Secrets and internals in a log line. An error has a stack, which may name code files only; lines about
 * the database and about an issuer's keys name the file, for the operator.
 */
export function leaksInLine(text: string): string[] {
  const line = JSON.parse(text) as { level: string };
  const mayHaveStack = line.level === "error" || line.level === "fatal";
  const stacks: string[] = [];
  const rest = JSON.stringify(line, (key, value: unknown) => {
    if (key === "database" || key === "keys") return secretsIn(String(value), []).join();
    if (key !== "stack" || !mayHaveStack) return value;
    stacks.push(String(value));
    return undefined;
  });
  return [
    ...leaksInResponse(rest),
    ...stacks.flatMap((stack) => [...secretsIn(stack, []), ...traces(stack, internals)]),
  ];
}
