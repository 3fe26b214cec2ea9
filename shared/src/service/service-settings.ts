// The environment variables that every service understands.
import { listenAddress, enumeration, integer, type Setting } from "./env.ts";
import { logLevels } from "../telemetry/logger.ts";
import { parseSqliteUrl } from "../sqlite/sqlite-storage.ts";

function databaseUrl(defaultValue: string): Setting<string> {
  return {
    variable: "DATABASE_URL",
    default: defaultValue,
    isSecret: true,
    allowed: `sqlite: and the path of a file, such as ${defaultValue}`,
    parse: (text) => (parseSqliteUrl(text) === undefined ? undefined : text),
  };
}

/** The settings of a service whose database is at `database` unless it is told otherwise. */
export function serviceSettings({ database }: { database: string }) {
  return {
    port: integer("PORT", { default: 8000, min: 0, max: 65535 }),
    host: listenAddress("HOST", { default: "0.0.0.0" }),
    databaseUrl: databaseUrl(database),
    logLevel: enumeration("LOG_LEVEL", { default: "info", words: logLevels }),
    maxBodyBytes: integer("MAX_BODY_BYTES", { default: 1_048_576, min: 1, max: 104_857_600 }),
    maxInFlight: integer("MAX_IN_FLIGHT", { default: 1024, min: 1, max: 100_000 }),
    shutdownDrainMs: integer("SHUTDOWN_DRAIN_MS", { default: 0, min: 0, max: 300_000 }),
    shutdownGraceMs: integer("SHUTDOWN_GRACE_MS", { default: 10_000, min: 1, max: 300_000 }),
  };
}

/** See {@link serviceSettings}. */
export type ServiceSettings = ReturnType<typeof serviceSettings>;
