// The life of a running service, from the open database to the last line of its log.
import type { Settings } from "./env.ts";
import { buildInfo } from "../core/build-info.ts";
import { terminalOutput } from "../telemetry/logger.ts";
import { addProcessMetrics } from "../telemetry/prom-client.ts";
import { closeServer, listen } from "../http/server.ts";
import { startBackgroundJobs } from "./background-jobs.ts";
import type { ServiceConfig, ServiceDefinition, ServiceProcess } from "./definition.ts";
import { openSqlite } from "../sqlite/sqlite-storage.ts";
import { createParts } from "./service-app.ts";
import { shutdownSignal } from "./shutdown-signal.ts";

/** Longer than load balancers keep idle connections, so that none of them uses one that just closed. */
const idleSeconds = 75;

/** What is left of an answer's time when its slowest part is over. */
const answerMarginSeconds = 30;

interface ServeOptions<S extends Settings> {
  readonly service: ServiceDefinition<S>;
  readonly config: ServiceConfig<S>;
  readonly path: string;
  readonly process: ServiceProcess;
}

/**
 * Serves until told to stop.
 *
 * @returns the exit status: 0, or 1 if requests had to be cut or the service failed
 */
export async function serve<S extends Settings>({
  service,
  config,
  path,
  process,
}: ServeOptions<S>): Promise<number> {
  const { name, migrations, maxResponseSeconds } = service;

  const terminal = process.stdout.isTTY ? { destination: await terminalOutput() } : {};
  const { log, parts } = createParts({ name, config, ...terminal });
  const { lifecycle, logger, metrics } = parts;
  const stop = shutdownSignal(process, log);
  addProcessMetrics(metrics.registry);

  const opening = openSqlite({ path, migrations, observer: metrics.storage });
  // Another process may have the database locked, and a migration takes as long as it takes: whoever
  // ends this one meanwhile does not wait, for a transaction that is cut changes nothing.
  const storage = await Promise.race([opening, stop.reason]);
  if (typeof storage === "string") {
    log.flush();
    return stop.hasFailed() ? 1 : 0;
  }
  const { from, to, durationMs } = storage.migrated;
  if (from !== to) {
    const duration_ms = Math.round(durationMs * 1000) / 1000;
    logger.info({ from, to, duration_ms }, "migrated");
  }
  try {
    const { app, backgroundJobs = [] } = service.build({
      config,
      storage,
      parts: { ...parts, storage },
    });
    const server = listen({
      hostname: config.host,
      port: config.port,
      idleTimeoutSeconds: Math.max(
        idleSeconds,
        (maxResponseSeconds?.(config) ?? 0) + answerMarginSeconds,
      ),
      fetch: (request) => app.fetch(request),
    });
    const stopChores = startBackgroundJobs(backgroundJobs, logger);
    lifecycle.phase = "ready";
    logger.info({ host: config.host, port: server.port, commit: buildInfo.commit }, "listening");

    const reason = await stop.reason;
    lifecycle.phase = "draining";
    logger.info({ reason }, "draining");
    if (!stop.hasFailed()) await Bun.sleep(config.shutdownDrainMs);
    const isClean = await closeServer(server, config.shutdownGraceMs);
    await stopChores();
    await storage.close(!isClean);
    if (!isClean) logger.error("cut the requests that were left when the grace ran out");
    logger.info("stopped");
    return isClean && !stop.hasFailed() ? 0 : 1;
  } finally {
    await storage.close();
    log.flush();
  }
}
