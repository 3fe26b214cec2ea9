// The spans of calls of user-service, one for each attempt, with the attributes of OpenTelemetry's
// conventions: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
import type { SpanContext, Tracer } from "@platform/shared/core/tracer";
import { currentRequest } from "@platform/shared/telemetry/request-context";
import { errorTypeOf } from "@platform/shared/telemetry/request-span";
import { newSpanId, traceparentOf } from "@platform/shared/telemetry/trace-context";
import type { Attempt } from "./user-client.ts";

/** The span of an attempt that is under way. */
export interface CallSpan {
  /** Makes what user-service records a child of this span. */
  readonly traceparent: string;
  end(attempt: Attempt): void;
}

/** An attempt that begins. */
interface Call {
  readonly ids: readonly string[];
  /** From 1. */
  readonly attempt: number;
  /** The spans of the other requests that the call is made for. */
  readonly links: readonly SpanContext[];
}

/**
 * Makes a function that starts the span of an attempt, as a child of the current request's. It returns
 * undefined if the trace of that request is not recorded.
 *
 * @param url the origin of user-service
 */
export function callSpans(tracer: Tracer, url: string): (call: Call) => CallSpan | undefined {
  const { protocol, hostname, port } = new URL(url);
  const defaultPort = protocol === "https:" ? 443 : 80;
  const method = "GET";
  const fixed = {
    "http.request.method": method,
    "server.address": hostname,
    "server.port": port === "" ? defaultPort : Number(port),
  };

  return ({ ids, attempt, links }) => {
    const parent = currentRequest.getStore()?.trace.span;
    if (parent === undefined) return undefined;
    const context = { traceId: parent.traceId, spanId: newSpanId() };
    const startedAt = performance.now();
    const isBatch = ids.length > 1;
    const template = isBatch ? "/users" : "/users/{id}";
    return {
      traceparent: traceparentOf(context),
      end({ status, error }) {
        tracer.record({
          name: `${method} ${template}`,
          kind: "client",
          context,
          parentSpanId: parent.spanId,
          startedAt,
          endedAt: performance.now(),
          attributes: {
            ...fixed,
            // Ids alone: an address never has personal data.
            "url.full": `${url}/users${isBatch ? "?ids=" : "/"}${ids.join()}`,
            "url.template": template,
            "http.response.status_code": typeof status === "number" ? status : undefined,
            "http.request.resend_count": attempt > 1 ? attempt - 1 : undefined,
          },
          errorType: failureOf(status, error),
          links,
        });
      },
    };
  };
}

/** By the convention 4xx is a failure for the client, though it may be user-service's "no". */
function failureOf(status: Attempt["status"], error: unknown): string | undefined {
  if (status === "timeout") return status;
  if (typeof status === "number" && status >= 400) return String(status);
  return error === undefined ? undefined : errorTypeOf(error);
}
