// The life of a running service, from opening its database to the last line of its log.
import { aborted } from "../core/aborted.ts";
import { buildInfo } from "../core/build-info.ts";
import { descriptorWatch } from "../http/file-descriptors.ts";
import { closeServer, listen } from "../http/server.ts";
import { terminalOutput } from "../telemetry/logger.ts";
import { addProcessMetrics } from "../telemetry/prometheus.ts";
import { createAuth } from "./auth.ts";
import { startBackgroundJobs } from "./background-jobs.ts";
import type { ServiceConfig, ServiceDefinition, ServiceProcess } from "./definition.ts";
import type { Database } from "./engine.ts";
import type { Settings } from "./env.ts";
import { checkRoutes, createParts } from "./service-app.ts";
import { shutdownSignal } from "./shutdown-signal.ts";
import { startTracing } from "./tracing.ts";

interface ServeOptions<S extends Settings, Stores> {
  readonly service: ServiceDefinition<S, Stores>;
  readonly config: ServiceConfig<S>;
  readonly database: Database<Stores>;
  readonly process: ServiceProcess;
}

/**
 * Serves requests until a signal or an uncaught error ends the service.
 *
 * @returns the exit status: 0, or 1 if requests had to be cut or an error was not caught
 * @throws {StorageOpenError} if the database cannot be opened or migrated
 * @throws {ListenError} if the port cannot be listened on
 */
export async function serve<S extends Settings, Stores>({
  service,
  config,
  database,
  process,
}: ServeOptions<S, Stores>): Promise<number> {
  const { name } = service;
  const terminal = process.stdout.isTTY ? { destination: await terminalOutput() } : {};
  const { log, descriptors, parts } = createParts({ name, config, ...terminal });
  const { lifecycle, logger, metrics } = parts;
  using atEnd = new DisposableStack();
  // Whatever fails below: the last lines may be all that tells why.
  atEnd.defer(() => log.flush());
  const shutdown = shutdownSignal(process, log);
  addProcessMetrics(metrics.registry);
  const { registry } = metrics;
  const tracing = await startTracing({ name, config, logger, registry });
  const callingService = service.callingService?.(config);
  const auth = await createAuth({ name, config, callingService, logger, registry });

  const opening = database.open({
    observer: { ...metrics.storage, ...tracing?.storage },
    reachabilityChanged(isReachable, reason) {
      if (isReachable) logger.info({ database: database.name }, "database reached");
      else logger.warn({ database: database.name, reason }, "database cannot be reached");
    },
    rightMissed: (reason) =>
      logger.warn({ database: database.name, reason }, "database refuses statements"),
  });
  // A shutdown does not wait for another process's lock or for a long migration, which changes nothing
  // if it is cut.
  const opened = await Promise.race([opening, aborted(shutdown.signal)]);
  if (opened === undefined) return shutdown.hasFailed() ? 1 : 0;
  const { storage, stores, migrated } = opened;
  const stopping = aborted(shutdown.signal);
  const migrating = migrated.then(({ from, to, durationMs }) => {
    if (from === to) return;
    const duration_ms = Math.round(durationMs * 1000) / 1000;
    logger.info({ from, to, duration_ms }, "migrated");
  });
  let graceEndsAt: number | undefined;
  let closing: Promise<void> | undefined;
  // Once: it counts the spans that it loses.
  const closeTracer = () => {
    const now = performance.now();
    const leftMs = (graceEndsAt ?? now + config.shutdownGraceMs) - now;
    return (closing ??= tracing?.tracer.close(leftMs));
  };
  try {
    // SQLite has migrated by now. One turn of promises lets that be logged, or a failure end the start.
    await Promise.race([migrating, Promise.resolve()]);
    const made = { ...parts, storage, tracer: tracing?.tracer, guard: auth?.guard };
    const { app, backgroundJobs = [] } = service.build({ config, stores, parts: made });
    checkRoutes(app.routes);
    const server = listen({
      hostname: config.host,
      port: config.port,
      idleTimeoutSeconds: config.idleTimeoutSeconds,
      fetch: app.fetch,
      logger,
    });
    const watch = descriptorWatch({ descriptors, logger, metrics: metrics.http });
    const jobs = [...backgroundJobs, watch, ...(auth?.jobs ?? [])];
    const stopBackgroundJobs = startBackgroundJobs(jobs, logger);
    lifecycle.phase = "ready";
    const { hostname: host, port } = server;
    const authentication = auth === undefined ? "off" : config.authMode;
    const { commit } = buildInfo;
    logger.info({ host, port, database: database.name, authentication, commit }, "listening");

    // A server that is away at the start may turn out to have another schema, or to refuse this role.
    await Promise.race([stopping, migrating.then(() => stopping)]);
    lifecycle.phase = "draining";
    const reason: unknown = shutdown.signal.reason;
    logger.info({ reason }, "draining");
    if (!shutdown.hasFailed()) await Bun.sleep(config.shutdownDrainMs);
    if (server.pendingRequests > 0) {
      const waiting = { in_flight: server.pendingRequests, grace_ms: config.shutdownGraceMs };
      logger.info(waiting, "waiting for requests in flight");
    }
    graceEndsAt = performance.now() + config.shutdownGraceMs;
    const isClean = await closeServer(server, config.shutdownGraceMs);
    await stopBackgroundJobs();
    await storage.close(!isClean);
    await closeTracer();
    if (!isClean) logger.error("cut the requests that were left when the grace ran out");
    logger.info("stopped");
    return isClean && !shutdown.hasFailed() ? 0 : 1;
  } finally {
    try {
      await storage.close();
    } finally {
      await closeTracer();
    }
  }
}
