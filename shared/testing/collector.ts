// A collector of spans that checks every export request, and responds as a test says.
import { readExport, type ReceivedBatch, type ReceivedSpan } from "./otlp-schema.ts";

/** The response to an export request. A promise that never settles is a collector that hangs. */
export type Respond = (batch: ReceivedBatch) => Response | Promise<Response>;

/** A collector that listens; ended at the end of its scope. */
export interface Collector extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** The headers of every export request. */
  readonly headers: readonly Headers[];
  /** What every request had, also of those that were refused. */
  readonly batches: readonly ReceivedBatch[];
  /** The spans that were accepted. */
  readonly spans: readonly ReceivedSpan[];
  /** Export requests that were not as the specification says. */
  readonly malformed: readonly string[];
  /** How it responds from now on. */
  respond: Respond;
  /** Resolves as soon as it has got so many export requests. */
  received(requests: number): Promise<void>;
  /** Resolves as soon as it has accepted a span that `isWanted`. */
  accepted(isWanted: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan>;
}

/** A response of a collector that has accepted all spans. */
const acceptAll: Respond = () => Response.json({});

/** A response of a collector that refuses. */
export const refuse =
  (status: number, headers: Record<string, string> = {}): Respond =>
  () =>
    new Response("no", { status, headers });

/** No response, ever. */
export const hang: Respond = () => new Promise(() => undefined);

/** Starts a collector on a free port. */
export function startCollector(respond: Respond = acceptAll): Collector {
  const headers: Headers[] = [];
  const batches: ReceivedBatch[] = [];
  const spans: ReceivedSpan[] = [];
  const malformed: string[] = [];
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };

  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    async fetch(request) {
      headers.push(new Headers(request.headers));
      try {
        if (new URL(request.url).pathname !== "/v1/traces") throw new Error(request.url);
        if (request.headers.get("content-type") !== "application/json") throw new Error("type");
        batches.push(readExport(await request.text()));
      } catch (error) {
        malformed.push(String(error));
      }
      change();
      const batch = batches.at(-1) ?? { resource: {}, spans: [] };
      const response = await collector.respond(batch);
      if (response.ok) spans.push(...batch.spans);
      change();
      return response;
    },
  });

  const collector: Collector = {
    url: server.url.origin,
    headers,
    batches,
    spans,
    malformed,
    respond,
    async received(requests) {
      while (headers.length < requests) await changed.promise;
    },
    async accepted(isWanted) {
      for (;;) {
        const found = spans.find(isWanted);
        if (found !== undefined) return found;
        await changed.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      if (malformed.length > 0) throw new Error(malformed.join("\n"));
    },
  };
  return collector;
}
