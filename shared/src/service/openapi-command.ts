// The OpenAPI document of a service that is not running.
import type { Storage } from "../core/storage.ts";
import { createAuth } from "./auth.ts";
import { readServiceConfig, type ServiceDefinition, type ServiceProcess } from "./definition.ts";
import type { Settings } from "./env.ts";
import { createParts } from "./service-app.ts";

const noDatabase = new Error("The command openapi opens no database");
const refuse = () => Promise.reject(noDatabase);
const storage: Storage = {
  ping: refuse,
  secret() {
    throw noDatabase;
  },
  close: refuse,
};

/**
 * Stands for the stores of an app that gets no request for data, whatever their type is: each member
 * is such an object too, a call rejects, and what an app takes for a number is NaN.
 */
const refusingStores: unknown = new Proxy(refuse, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => NaN : refusingStores),
});

/** Whether the document depends on a variable. */
const isShown = (variable: string) => variable === "PUBLIC_URL" || variable.startsWith("AUTH_");

/**
 * The document as JSON, the same as the running service has it at `/swagger/json`. Of the environment
 * it reads only what shows in the document, so that no other variable has to be right.
 *
 * @throws {ConfigError} if PUBLIC_URL or a variable of authentication is wrong
 */
export async function printOpenApi<S extends Settings, Stores>(
  service: ServiceDefinition<S, Stores>,
  environment: ServiceProcess["env"],
): Promise<string> {
  const { name } = service;
  const shown = Object.entries(environment).filter(([variable]) => isShown(variable));
  const config = readServiceConfig(service, Object.fromEntries(shown));
  const { parts } = createParts({ name, config: { ...config, logLevel: "silent" } });
  const { logger, metrics } = parts;
  const callingService = service.callingService?.(config);
  // Its jobs are not run: the document does not depend on keys.
  const auth = await createAuth({
    name,
    config,
    callingService,
    logger,
    registry: metrics.registry,
  });
  // An app reads nothing of them but numbers before a call, which rejects.
  const stores = refusingStores as Stores;
  const made = { ...parts, storage, guard: auth?.guard };
  const { app } = service.build({ config, stores, parts: made });
  const response = await app.handle(new Request("http://localhost/swagger/json"));
  if (!response.ok) throw new Error(`Cannot make the document: ${await response.text()}`);
  return JSON.stringify(await response.json(), undefined, 2);
}
