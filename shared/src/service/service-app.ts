// The app that every service chains its routes onto, and the parts that it is made of.
import { Elysia, type AnyElysia } from "elysia";
import type { DestinationStream } from "pino";
import { buildInfo } from "../core/build-info.ts";
import type { Storage } from "../core/storage.ts";
import { corsPolicy } from "../http/cors.ts";
import { fileDescriptors, type FileDescriptors } from "../http/file-descriptors.ts";
import {
  httpPlugin,
  requirePlugin,
  type HttpPluginParts,
  type RequestLimits,
} from "../http/http-plugin.ts";
import { routeAccess } from "../http/route-access.ts";
import { apiReference } from "../openapi/api-reference.ts";
import { keyErrors } from "../idempotency/key-problems.ts";
import { heedsKey } from "../openapi/route-docs.ts";
import type { ApiInfo } from "../openapi/types.ts";
import { createLog, type Log, type LogLevel } from "../telemetry/logger.ts";
import { createMetrics, type ServiceMetrics } from "../telemetry/metrics.ts";
import { isManagementPath, isOpenPath, managementRoutes } from "./management-routes.ts";
import { readinessCheck } from "./readiness.ts";

/** What a service's app is made of, beside its own domain. */
export interface ServiceParts extends Pick<
  HttpPluginParts,
  "descriptors" | "guard" | "lifecycle" | "limits" | "logger" | "tracer"
> {
  /** The origins whose scripts may read responses, as browsers write them. None: CORS is off. */
  readonly corsOrigins: readonly string[];
  readonly metrics: ServiceMetrics;
  /**
   * What stands before the path of every address in a response: the URL at which clients reach the
   * service, without a slash at its end. Empty: addresses are relative to the server.
   */
  readonly publicUrl: string;
  readonly storage: Pick<Storage, "ping" | "secret">;
  readonly version: string;
}

interface PartsOptions {
  readonly name: string;
  readonly config: RequestLimits & { readonly logLevel: LogLevel } & Partial<
      Pick<ServiceParts, "corsOrigins" | "publicUrl">
    >;
  /** Where log lines go. Default: stdout, as JSON. */
  readonly destination?: DestinationStream;
  /** Default: the version and commit of this executable. */
  readonly build?: { readonly version: string; readonly commit: string };
}

/**
 * Makes a service's log and parts, but for the storage, which reports to their metrics. They record no
 * trace and check no token.
 */
export function createParts({
  name: service,
  config: { logLevel: level, maxBodyBytes, maxInFlight, corsOrigins = [], publicUrl = "" },
  build: { version, commit } = buildInfo,
  ...output
}: PartsOptions): {
  readonly log: Log;
  readonly descriptors: FileDescriptors;
  readonly parts: Omit<ServiceParts, "storage">;
} {
  const log = createLog({ service, version, level, ...output });
  const descriptors = fileDescriptors();
  return {
    log,
    descriptors,
    parts: {
      corsOrigins,
      lifecycle: { phase: "starting" },
      descriptors,
      guard: undefined,
      limits: { maxBodyBytes, maxInFlight },
      logger: log.logger,
      metrics: createMetrics({ service, version, commit }),
      publicUrl,
      tracer: undefined,
      version,
    },
  };
}

/** What the API document says of a guard: nothing where it refuses nothing. */
export function realmOf(guard: ServiceParts["guard"]): string | undefined {
  return guard?.isEnforced === true ? guard.realm : undefined;
}

/**
 * Makes sure that a token is checked for every route of an app, also where authentication is off.
 *
 * @throws Error if a route declares no scope, or was added before {@link serviceApp}
 */
export function checkRoutes(routes: AnyElysia["routes"]): void {
  routeAccess(routes, isManagementPath);
  requirePlugin(routes);
}

/** How the API document presents a service, and what the service's own errors mean. */
interface AppOptions
  extends Pick<HttpPluginParts, "problemOf">, Pick<ApiInfo, "title" | "description" | "tags"> {}

/**
 * An app with everything but the service's own routes: request context, limits, problems, metrics,
 * logs, management routes and API reference. Chain the service's routes onto it.
 */
export function serviceApp(
  {
    corsOrigins,
    descriptors,
    guard,
    lifecycle,
    limits,
    logger,
    metrics,
    publicUrl,
    storage,
    tracer,
    version,
  }: ServiceParts,
  { problemOf, ...info }: AppOptions,
) {
  const findObstacle = readinessCheck({ lifecycle, logger, storage });
  metrics.watchReadiness(async () => (await findObstacle()) === undefined);
  const app = new Elysia({
    // Elysia would rewrite bodies and responses after their schemas. Here schemas allow unknown
    // fields, and handlers read the fields that they know.
    normalize: false,
    strictPath: true,
    // Bun's router would take over some routes on a socket, but not in tests, which call the app.
    systemRouter: false,
    handler: { standardHostname: false },
  });
  return app
    .use(
      httpPlugin({
        cors: corsPolicy(corsOrigins, isOpenPath, guard !== undefined),
        lifecycle,
        descriptors,
        guard,
        limits,
        logger,
        metrics: metrics.http,
        tracer,
        storage,
        problemOf,
        headerErrors: (route, headers) => (heedsKey(route.detail) ? keyErrors(headers) : []),
        routes: () => app.routes,
        isManagementPath,
        apiReferenceAddress: `${publicUrl}/swagger`,
      }),
    )
    .use(managementRoutes({ findObstacle, metrics }))
    .use(apiReference(() => app, { ...info, version, publicUrl, realm: realmOf(guard) }));
}
