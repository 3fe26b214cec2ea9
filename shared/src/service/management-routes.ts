// The routes for operators, probes and Prometheus: whether the process runs, whether it can serve
// requests, and its metrics.
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { Lifecycle } from "../core/lifecycle.ts";
import type { Storage } from "../core/storage.ts";
import { uncached } from "../http/caching.ts";
import { routeDocs, managementTag as tag } from "../openapi/route-docs.ts";
import type { ServiceMetrics } from "../telemetry/metrics.ts";

/** What the management routes report on. */
interface ManagementParts {
  lifecycle: Lifecycle;
  metrics: Pick<ServiceMetrics, "registry">;
  storage: Pick<Storage, "ping">;
}

const notReady = Type.Object({
  status: Type.String({ examples: ["draining"] }),
  reason: Type.String({ examples: ["The service is shutting down"] }),
});

/** `GET /health`, `GET /ready` and `GET /metrics`. */
export const managementRoutes = ({ lifecycle, metrics: { registry }, storage }: ManagementParts) =>
  new Elysia({ name: "management", normalize: false })
    // A probe through a cache must not see the state of an earlier request.
    .onTransform(({ set }) => {
      set.headers["cache-control"] = uncached["cache-control"];
    })
    .get("/health", () => ({ status: "ok" as const }), {
      response: { 200: Type.Object({ status: Type.Literal("ok") }) },
      detail: routeDocs({
        operationId: "getHealth",
        summary: "Whether the process runs",
        description: "For liveness probes: 200 until the process ends, also while it drains.",
        tag,
      }),
    })
    .get(
      "/ready",
      async ({ status }) => {
        if (lifecycle.phase === "starting") {
          return status(503, { status: "starting", reason: "The service has not started yet" });
        }
        if (lifecycle.phase === "draining") {
          return status(503, { status: "draining", reason: "The service is shutting down" });
        }
        try {
          await storage.ping();
        } catch {
          return status(503, { status: "unavailable", reason: "The storage does not respond" });
        }
        return { status: "ready" as const };
      },
      {
        response: { 200: Type.Object({ status: Type.Literal("ready") }), 503: notReady },
        detail: routeDocs({
          operationId: "getReadiness",
          summary: "Whether requests can be served",
          description:
            "For readiness probes: 503 while the service starts or drains, and while its storage does " +
            "not respond. No other service is asked.",
          tag,
        }),
      },
    )
    .get(
      "/metrics",
      async ({ set }) => {
        set.headers["content-type"] = registry.contentType;
        return registry.metrics();
      },
      {
        response: { 200: Type.String({ examples: ["http_requests_in_flight 0"] }) },
        detail: routeDocs({
          operationId: "getMetrics",
          summary: "Metrics in Prometheus' text format",
          description: "Requests to the management routes are not counted.",
          tag,
          produces: "text/plain; version=0.0.4",
        }),
      },
    );

const paths = new Set(["/health", "/ready", "/metrics", "/swagger"]);

/**
 * Whether a path is one of the management routes or of the API reference. Requests to these are not
 * traffic: they are neither counted nor shed, and logged at `debug` alone.
 */
export function isManagementPath(path: string): boolean {
  return paths.has(path) || path.startsWith("/swagger/");
}

/**
 * Whether scripts of other origins may read a path, if the configuration allows their origin: the
 * service's own routes, and the API document for tools that run in a browser.
 */
export function isOpenPath(path: string): boolean {
  return path === "/swagger/json" || !isManagementPath(path);
}
