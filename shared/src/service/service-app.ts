// The Elysia app that every service starts from: what all of them do is in it already.
import { Elysia } from "elysia";
import { apiReference } from "../openapi/api-reference.ts";
import { httpPlugin, type HttpPluginParts } from "../http/http-plugin.ts";
import type { ServiceMetrics } from "../telemetry/metrics.ts";
import { managementRoutes } from "./management-routes.ts";
import type { Storage } from "../core/storage.ts";

/** What a service's app is made of, beside its own domain. */
export interface ServiceParts extends Pick<HttpPluginParts, "lifecycle" | "limits" | "logger"> {
  readonly metrics: ServiceMetrics;
  readonly storage: Pick<Storage, "ping">;
  readonly version: string;
}

/** How a service presents itself and what its own errors mean. */
interface ServiceAbout extends Pick<HttpPluginParts, "problemOf"> {
  readonly title: string;
  readonly description: string;
}

/**
 * An app with everything but routes of its own: request context, limits, problems, metrics, logs,
 * operations endpoints and API reference. Chain the service's routes onto it.
 */
export function serviceApp(
  { lifecycle, limits, logger, metrics, storage, version }: ServiceParts,
  { title, description, problemOf }: ServiceAbout,
) {
  const app = new Elysia({
    // Unknown fields are the schemas' business: they stay open, and handlers pick what they know.
    normalize: false,
    strictPath: true,
    // One router, Elysia's, over a socket as in tests.
    systemRouter: false,
    handler: { standardHostname: false },
  });
  return app
    .use(
      httpPlugin({
        lifecycle,
        limits,
        logger,
        metrics: metrics.http,
        problemOf,
        routes: () => app.routes,
      }),
    )
    .use(
      managementRoutes({
        lifecycle,
        registry: metrics.registry,
        pingStorage: () => storage.ping(),
      }),
    )
    .use(apiReference({ title, description, version, app: () => app }));
}
