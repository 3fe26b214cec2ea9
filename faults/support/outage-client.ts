// A client of a service whose database is in trouble, which checks every response: a refusal is one that
// the API documents for that trouble.
import type { Running } from "../../shared/testing/executable.ts";
import { fetchClient, type Send } from "./clients.ts";
import { NothingDone } from "./ledger.ts";
import type { TextResponse } from "./raw-client.ts";

/** The codes of a 503 for the sake of the database, or of a user-service whose database is in trouble. */
const codes = [
  "storage-unavailable",
  "storage-busy",
  "storage-full",
  "user-service-unavailable",
] as const;

/** Rejects a request that may or may not have been done. */
export class MaybeDone extends Error {
  override readonly name = "MaybeDone";
}

/** What a client has seen. */
export interface Seen {
  /** How many responses there were, by status, and for a 503 by code. */
  readonly counts: Map<string, number>;
  /** Of all responses, in ms. */
  slowestMs: number;
  /** When the last refusal arrived, as `performance.now()` has it. */
  refusedAt: number;
}

/** What a client has seen before its first request. */
export function nothingSeen(): Seen {
  return { counts: new Map(), slowestMs: 0, refusedAt: -Infinity };
}

/** How many responses were refusals. */
export function refusals({ counts }: Seen): number {
  return [...counts].reduce((sum, [what, count]) => sum + (/^[45]/.test(what) ? count : 0), 0);
}

/**
 * Makes the client.
 *
 * @param seen where it notes what it sees
 * @returns rejects with NothingDone or MaybeDone for a refusal, and with another error for one that is
 * not documented
 */
export function outageClient({ url, lines }: Pick<Running, "url" | "lines">, seen: Seen): Send {
  const send = fetchClient(url);
  return async (method, path, content) => {
    const sentAt = performance.now();
    const response = await send(method, path, content);
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - sentAt);
    const what = `${method} ${path}: ${response.status} ${response.body}`;
    if (response.status === 500) throw new Error(`${what}${await logOf(response, lines)}`);
    const refusal = refusalOf(response);
    const name = [response.status, refusal?.code].filter(Boolean).join(" ");
    seen.counts.set(name, (seen.counts.get(name) ?? 0) + 1);
    if (refusal === undefined) return response;
    seen.refusedAt = performance.now();
    if (!(Number(response.headers.get("retry-after")) > 0))
      throw new Error(`No Retry-After: ${what}`);
    const { code, detail } = refusal;
    // The request that holds the key may still be done.
    if (code === "key-in-progress") throw new MaybeDone(what);
    if (!codes.some((known) => known === code)) throw new Error(`Not documented: ${what}`);
    throw detail.endsWith("may have been stored") ? new MaybeDone(what) : new NothingDone(what);
  };
}

/** What a service has logged about a request, once it has. */
async function logOf({ body }: TextResponse, lines: Running["lines"]): Promise<string> {
  const { request_id } = JSON.parse(body) as { request_id: string };
  const isOfRequest = (line: Running["lines"][number]) => line["request_id"] === request_id;
  while (!lines.some(isOfRequest)) await Bun.sleep(5);
  return lines
    .filter(isOfRequest)
    .map((line) => `\n${JSON.stringify(line)}`)
    .join("");
}

interface Refusal {
  readonly code: string;
  readonly detail: string;
}

function refusalOf({ status, body }: TextResponse): Refusal | undefined {
  if (status !== 503 && status !== 409) return undefined;
  const refusal = JSON.parse(body) as Refusal;
  return status === 503 || refusal.code === "key-in-progress" ? refusal : undefined;
}
