// What makes one service different from another, for everything that runs it.
import type { AnyElysia } from "elysia";
import type { BackgroundJob } from "./background-jobs.ts";
import { readConfig, type Config, type Settings } from "./env.ts";
import type { ServiceParts } from "./service-app.ts";
import { serviceSettings, type ServiceSettings } from "./service-settings.ts";
import type { SqliteStorage } from "../sqlite/sqlite-storage.ts";

/** The values of a service's settings and of those that every service has. */
export type ServiceConfig<S extends Settings> = Config<ServiceSettings> & Config<S>;

/** A service, ready to be run. */
export interface ServiceDefinition<S extends Settings> {
  readonly name: string;
  /** The `DATABASE_URL` that it has unless it is told otherwise. */
  readonly database: string;
  readonly migrations: readonly string[];
  /** Its own settings, beside those of every service. */
  readonly settings: S;
  /** The longest that it may take to answer, in whole seconds up to 200. */
  maxResponseSeconds?(config: ServiceConfig<S>): number;
  /** Puts the service together on an open storage. */
  build(given: { config: ServiceConfig<S>; storage: SqliteStorage; parts: ServiceParts }): {
    app: AnyElysia;
    backgroundJobs?: readonly BackgroundJob[];
  };
}

/** Reads a service's configuration. @throws ConfigError */
export function readServiceConfig<S extends Settings>(
  { database, settings }: Pick<ServiceDefinition<S>, "database" | "settings">,
  environment: Readonly<Record<string, string | undefined>>,
): ServiceConfig<S> {
  const all = { ...serviceSettings({ database }), ...settings };
  // The compiler does not see that the values of both are the values of each.
  return readConfig(all, environment) as ServiceConfig<S>;
}

/** The part of the process that a service touches. */
export type ServiceProcess = Pick<
  NodeJS.Process,
  "argv" | "env" | "exit" | "on" | "stdout" | "stderr"
>;
