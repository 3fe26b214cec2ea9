// What the author of a service gives: its `main.ts` hands a `ServiceDefinition` to `runService()`
// of cli.ts, which makes a program of it. docs/add-a-service.md has an example.
import type { AnyElysia } from "elysia";
import type { BackgroundJob } from "../core/background-job.ts";
import { everyAddress } from "../http/server.ts";
import { maxIdleTimeoutSeconds } from "../http/idle-timeout.ts";
import { parsePostgresUrl, postgresUrlRemedy } from "../postgres/postgres-url.ts";
import { parseSqliteUrl, sqliteUrlRemedy } from "../sqlite/sqlite-url.ts";
import { logLevels } from "../telemetry/logger.ts";
import type { CallingService } from "../auth/create-guard.ts";
import { authErrors, authSettings } from "./auth-settings.ts";
import type { Engines } from "./engine.ts";
import { readConfig, type Config, type Environment, type Setting, type Settings } from "./env.ts";
import { enumeration, httpBaseUrl, httpOrigins, integer, listenAddress } from "./setting-kinds.ts";
import type { ServiceParts } from "./service-app.ts";
import { tracingSettings } from "./tracing-settings.ts";

/** A service: everything in which it differs from every other service. */
export interface ServiceDefinition<S extends Settings, Stores> {
  /**
   * The name of its folder and executable, such as `user-service`. Every log line has it as
   * `service`, and so has the metric `build_info`.
   */
  readonly name: string;

  /**
   * The default of `DATABASE_URL`: `sqlite:` and the path of a file, such as
   * `sqlite:data/user_service.db`. A relative path starts at the working directory; missing folders
   * are made. Two services never share a database.
   */
  readonly database: string;

  /** The service's migrations and stores on each storage engine that it runs on. */
  readonly engines: Engines<Stores>;

  /**
   * The environment variables that only this service has, by the names under which `build` gets
   * their values; see setting-kinds.ts. `{}` for none. {@link serviceSettings} has the others.
   */
  readonly settings: S;

  /**
   * Another service that calls this one with a token of its own, by {@link serviceIssuerSettings} among
   * `settings`; undefined if they are not set. Left out: there is none.
   */
  callingService?(config: ServiceConfig<S>): CallingService | undefined;

  /**
   * Makes the app and the jobs that run beside it. It must neither read data nor call other
   * services: the command `openapi` calls it too, with stores that refuse everything and the
   * defaults of all settings but `PUBLIC_URL` and those of authentication.
   */
  build(given: {
    /** The values of `settings` and of {@link serviceSettings}, all validated. */
    readonly config: ServiceConfig<S>;
    /** What the engine's `stores` made. */
    readonly stores: Stores;
    /** For `serviceApp()`, whose result the service chains its routes onto. */
    readonly parts: ServiceParts;
  }): {
    readonly app: AnyElysia;
    /** Default: none. */
    readonly backgroundJobs?: readonly BackgroundJob[];
  };
}

/** The values of a service's own settings and of those that every service has. */
export type ServiceConfig<S extends Settings> = Config<ReturnType<typeof serviceSettings>> &
  Config<S>;

/**
 * The settings that every service has. Ranges are inclusive.
 *
 * @param definition `name`: the default of `AUTH_AUDIENCE`; `database`: the default of `DATABASE_URL`
 */
export function serviceSettings({
  name,
  database,
  engines,
}: Pick<ServiceDefinition<Settings, unknown>, "name" | "database" | "engines">) {
  const isOnServer = engines.postgres !== undefined;
  const isPostgresUrl = (text: string) => isOnServer && parsePostgresUrl(text) !== undefined;
  return {
    /** The TCP port to listen on; 0 takes any free one, which the log line `listening` has. */
    port: integer("PORT", { default: 8000, min: 0, max: 65535 }),
    /** The address to listen on; by default every address of the machine, IPv6 and IPv4. */
    host: listenAddress("HOST", { default: everyAddress }),
    databaseUrl: {
      variable: "DATABASE_URL",
      fileVariable: "DATABASE_URL_FILE",
      default: database,
      isSecret: true,
      allowed:
        `sqlite: and the path of a file, such as ${database}` +
        (isOnServer ? ", or postgres://user:password@host:5432/name" : ""),
      parse: (text) => ((parseSqliteUrl(text) ?? isPostgresUrl(text)) ? text : undefined),
      remedy: (text) => sqliteUrlRemedy(text) ?? (isOnServer ? postgresUrlRemedy(text) : undefined),
    } satisfies Setting<string>,
    /** Sessions with a PostgreSQL server; SQLite has none. */
    databasePoolSize: integer("DATABASE_POOL_SIZE", { default: 10, min: 1, max: 1000 }),
    /** Lines below this level are not written. */
    logLevel: enumeration("LOG_LEVEL", {
      default: "info",
      words: logLevels,
      synonyms: { warning: "warn", critical: "fatal" },
    }),
    /** Stands before every address in a response; the default makes them relative to the server. */
    publicUrl: httpBaseUrl("PUBLIC_URL", { default: "" }),
    /** Scripts of these origins may read responses in a browser. */
    corsOrigins: httpOrigins("CORS_ORIGINS", { default: [] }),
    /** A larger request body is 413. */
    maxBodyBytes: integer("MAX_BODY_BYTES", { default: 1_048_576, min: 1, max: 104_857_600 }),
    /** Requests that are handled at the same time; one more is 503. */
    maxInFlight: integer("MAX_IN_FLIGHT", { default: 1024, min: 1, max: 100_000 }),
    /**
     * How long an idle connection is kept. The default is longer than most load balancers keep
     * theirs: the side that closes first may do so just when a request is on its way.
     */
    idleTimeoutSeconds: integer("IDLE_TIMEOUT_SECONDS", {
      default: maxIdleTimeoutSeconds,
      min: 1,
      max: maxIdleTimeoutSeconds,
    }),
    /** How long the service goes on accepting requests after a signal, while `/ready` is 503. */
    shutdownDrainMs: integer("SHUTDOWN_DRAIN_MS", { default: 0, min: 0, max: 300_000 }),
    /** How long requests in flight may take after that; the rest is cut. */
    shutdownGraceMs: integer("SHUTDOWN_GRACE_MS", { default: 10_000, min: 1, max: 300_000 }),
    ...authSettings(name),
    ...tracingSettings,
  };
}

/** Reads a service's configuration. @throws {ConfigError} with a line for every wrong variable */
export function readServiceConfig<S extends Settings>(
  {
    name,
    database,
    engines,
    settings,
    callingService,
  }: Pick<
    ServiceDefinition<S, unknown>,
    "name" | "database" | "engines" | "settings" | "callingService"
  >,
  environment: Environment,
): ServiceConfig<S> {
  const all = { ...serviceSettings({ name, database, engines }), ...settings };
  const errors = authErrors(environment, callingService !== undefined);
  // The compiler does not see that the values of both are the values of each.
  return readConfig(all, environment, errors) as ServiceConfig<S>;
}

/** The part of the process that a service touches, so that a test can hand in another. */
export type ServiceProcess = Pick<
  NodeJS.Process,
  "argv" | "env" | "exit" | "on" | "stdout" | "stderr"
>;
