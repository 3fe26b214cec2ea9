// The OpenAPI document of a service that is not running.
import { Database } from "bun:sqlite";
import type { SqliteStorage } from "../sqlite/sqlite-storage.ts";
import { readServiceConfig, type ServiceDefinition, type ServiceProcess } from "./definition.ts";
import type { Settings } from "./env.ts";
import { createParts } from "./service-app.ts";

/**
 * A storage for an app that gets no request for data. It is a database in memory and not a fake
 * because stores prepare their statements when they are made, for which SQLite needs the tables.
 */
function emptyStorage(migrations: readonly string[]): SqliteStorage {
  const db = new Database(":memory:", { strict: true });
  for (const migration of migrations) db.run(migration);
  const refusal = new Error("The command openapi opens no database");
  const refuse = () => Promise.reject(refusal);
  const secret = () => {
    throw refusal;
  };
  const migrated = { from: 0, to: migrations.length, durationMs: 0 };
  return { db, migrated, secret, read: refuse, write: refuse, ping: refuse, close: refuse };
}

/**
 * The document as JSON, the same as the running service has it at `/swagger/json`. Of the environment
 * it reads only what shows in the document, so that no other variable has to be right.
 *
 * @throws {ConfigError} if PUBLIC_URL is wrong
 */
export async function printOpenApi<S extends Settings>(
  service: ServiceDefinition<S>,
  { PUBLIC_URL }: ServiceProcess["env"],
): Promise<string> {
  const { name, migrations } = service;
  const config = readServiceConfig(service, { PUBLIC_URL });
  const { parts } = createParts({ name, config: { ...config, logLevel: "silent" } });
  const storage = emptyStorage(migrations);
  const { app } = service.build({ config, storage, parts: { ...parts, storage } });
  const response = await app.handle(new Request("http://localhost/swagger/json"));
  if (!response.ok) throw new Error(`Cannot make the document: ${await response.text()}`);
  return JSON.stringify(await response.json(), undefined, 2);
}
