// The routes for operators, probes and Prometheus: whether the process runs, whether it can serve
// requests, and its metrics.
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { uncached } from "../http/caching.ts";
import { routeDocs, managementTag as tag } from "../openapi/route-docs.ts";
import type { ServiceMetrics } from "../telemetry/metrics.ts";
import { requireRequest } from "../telemetry/request-context.ts";
import type { FindObstacle } from "./readiness.ts";

/** What the management routes report on. */
interface ManagementParts {
  readonly findObstacle: FindObstacle;
  readonly metrics: Pick<ServiceMetrics, "registry">;
}

const notReady = Type.Object({
  status: Type.String({ examples: ["draining"] }),
  reason: Type.String({ examples: ["The service is shutting down"] }),
});

/** `GET /health`, `GET /ready` and `GET /metrics`. */
export const managementRoutes = ({ findObstacle, metrics: { registry } }: ManagementParts) =>
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
        const obstacle = await findObstacle();
        if (obstacle === undefined) return { status: "ready" as const };
        const context = requireRequest();
        context.logReason = obstacle.logReason;
        context.error = obstacle.error;
        return status(503, { status: obstacle.status, reason: obstacle.reason });
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

// No prefix: a flood of requests to an unknown path below /swagger would be neither counted nor shed.
const managementPath =
  /^\/(?:health|ready|metrics|swagger(?:\/(?:json|ui\.js|ui\.css|init\.js|page\.css|favicon\.png))?)$/;

/**
 * Whether a path is one of the management routes or of the API reference. Requests to these are not
 * traffic: they are neither counted nor shed, logged at `debug` alone, and need no token. A service
 * with a file of the reference that is missing here does not start: the file has no scope.
 */
export function isManagementPath(path: string): boolean {
  return managementPath.test(path);
}

/**
 * Whether scripts of other origins may read a path, if the configuration allows their origin: the
 * service's own routes, and the API document for tools that run in a browser.
 */
export function isOpenPath(path: string): boolean {
  return path === "/swagger/json" || !isManagementPath(path);
}
