// The OpenAPI document of a service that is not running.
import { Database } from "bun:sqlite";
import type { Settings } from "./env.ts";
import { createLog } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { buildInfo } from "../core/build-info.ts";
import { readServiceConfig, type ServiceDefinition } from "./definition.ts";
import type { SqliteStorage } from "../sqlite/sqlite-storage.ts";

/** A storage that statements can be prepared for, and nothing else. */
function noStorage(migrations: readonly string[]): SqliteStorage {
  const db = new Database(":memory:", { strict: true });
  for (const migration of migrations) db.run(migration);
  const refuse = () => Promise.reject(new Error("There is no database behind the document"));
  const version = migrations.length;
  return {
    db,
    migrated: { from: 0, to: version, durationMs: 0 },
    read: refuse,
    write: refuse,
    ping: refuse,
    close: refuse,
  };
}

/** The document as JSON, the same as the running service has it at `/swagger/json`. */
export async function printOpenApi<S extends Settings>(
  service: ServiceDefinition<S>,
): Promise<string> {
  const { name, migrations } = service;
  const { version, commit } = buildInfo;
  const config = readServiceConfig(service, {});
  const { logger } = createLog({ service: name, version, level: "silent" });
  const metrics = createMetrics({ service: name, version, commit });
  const storage = noStorage(migrations);
  const { maxBodyBytes, maxInFlight } = config;
  const { app } = service.build({
    config,
    storage,
    parts: {
      lifecycle: { phase: "starting" },
      limits: { maxBodyBytes, maxInFlight },
      logger,
      metrics,
      storage,
      version,
    },
  });
  const response = await app.handle(new Request("http://localhost/swagger/json"));
  if (!response.ok) throw new Error(`The document cannot be made: ${await response.text()}`);
  return JSON.stringify(await response.json(), undefined, 2);
}
