// Sends spans to a collector by OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp), and
// again where that specification says so.
import { errnoOf } from "../core/errno.ts";
import type { Fetch } from "../core/fetch.ts";
import { rejectedSpans } from "./otlp.ts";

/** Where spans go to, and how long that may take. */
export interface ExporterOptions {
  readonly url: string;
  /** May be secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long one request may take. */
  readonly timeoutMs: number;
  /** How long one batch may take, with all its retries. */
  readonly exportTimeoutMs: number;
  /**
   * Called for each request that failed, or of which spans were rejected, with a reason that has nothing
   * secret, such as `HTTP 503`.
   */
  onFailed(reason: string): void;
  readonly fetch?: Fetch;
}

/** Sends the body of a request. @returns how many spans were accepted; never rejects */
export type Export = (body: string, spans: number, closing: AbortSignal) => Promise<number>;

/** These say that the same request may be accepted later. */
const retryableStatuses = new Set([429, 502, 503, 504]);

const firstPauseMs = 1000;
const pauseGrowth = 1.5;
const maxPauseMs = 5000;

/** Bytes of a response that are read: one that says how many spans were rejected is far shorter. */
const maxResponseBytes = 65_536;

/** What one request came to. */
type Attempt =
  | { readonly accepted: number }
  | {
      readonly accepted?: undefined;
      readonly reason: string;
      readonly isRetryable: boolean;
      readonly retryAfterMs?: number | undefined;
    };

/** The time that a Retry-After field asks for, in ms; undefined for one that says nothing. */
function parseRetryAfter(field: string | null): number | undefined {
  if (field === null) return undefined;
  const ms = /^\d{1,9}$/.test(field) ? Number(field) * 1000 : Date.parse(field) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** The start of a response's body. */
async function readStart({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > maxResponseBytes) break; // which cancels the rest
  }
  return Buffer.concat(chunks).toString();
}

/** The reason of a request without a response. Messages of fetch may have the URL in them. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return errnoOf(error) ?? error.name;
}

/** Resolves after so many ms, or when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end);
  await promise;
  signal.removeEventListener("abort", end);
  clearTimeout(timer);
}

/**
 * Makes an exporter. Its function retries a request that failed for as long as the batch may take; once
 * `closing` is aborted, it sends each batch at most once more.
 */
export function createExporter({
  url,
  headers,
  timeoutMs,
  exportTimeoutMs,
  onFailed,
  fetch = globalThis.fetch,
}: ExporterOptions): Export {
  async function post(body: string, spans: number, ms: number): Promise<Attempt> {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body,
        redirect: "manual", // another origin must not get the header fields
        signal: AbortSignal.timeout(ms),
      });
      const { ok, status } = response;
      if (ok) {
        const rejected = Math.min(spans, rejectedSpans(await readStart(response)));
        if (rejected > 0) onFailed("the collector rejects spans");
        return { accepted: spans - rejected };
      }
      await response.body?.cancel();
      return {
        reason: `HTTP ${status}`,
        isRetryable: retryableStatuses.has(status),
        retryAfterMs: parseRetryAfter(response.headers.get("retry-after")),
      };
    } catch (error) {
      return { reason: reasonOf(error), isRetryable: true };
    }
  }

  return async (body, spans, closing) => {
    const endsAt = performance.now() + exportTimeoutMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * pauseGrowth, maxPauseMs)) {
      const isLast = closing.aborted;
      const leftMs = isLast ? timeoutMs : Math.max(1, endsAt - performance.now());
      const attempt = await post(body, spans, Math.min(timeoutMs, leftMs));
      if (attempt.accepted !== undefined) return attempt.accepted;
      onFailed(attempt.reason);
      if (isLast || !attempt.isRetryable) return 0;
      const waitMs = Math.max(attempt.retryAfterMs ?? 0, pauseMs * (0.8 + Math.random() * 0.4));
      const remainingMs = endsAt - performance.now();
      // A collector that asks for more time than there is gets it from the next batch.
      await pause(Math.min(waitMs, exportTimeoutMs), closing);
      if (waitMs > remainingMs && !closing.aborted) return 0;
    }
  };
}
