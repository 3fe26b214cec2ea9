// The environment variables that every service understands.
import { listenAddress, oneOf, wholeNumber, type Setting } from "./env.ts";
import { logLevels } from "../telemetry/logger.ts";
import { parseSqliteUrl } from "../sqlite/sqlite-storage.ts";

function databaseUrl(fallback: string): Setting<string> {
  return {
    variable: "DATABASE_URL",
    fallback,
    isSecret: true,
    allowed: `sqlite: and the path of a file, such as ${fallback}`,
    parse: (text) => (parseSqliteUrl(text) === undefined ? undefined : text),
  };
}

/** The settings of a service whose database is at `database` unless it is told otherwise. */
export function serviceSettings({ database }: { database: string }) {
  return {
    port: wholeNumber("PORT", { fallback: 8000, min: 0, max: 65535 }),
    host: listenAddress("HOST", { fallback: "0.0.0.0" }),
    databaseUrl: databaseUrl(database),
    logLevel: oneOf("LOG_LEVEL", { fallback: "info", words: logLevels }),
    maxBodyBytes: wholeNumber("MAX_BODY_BYTES", { fallback: 1_048_576, min: 1, max: 104_857_600 }),
    maxInFlight: wholeNumber("MAX_IN_FLIGHT", { fallback: 1024, min: 1, max: 100_000 }),
    shutdownDrainMs: wholeNumber("SHUTDOWN_DRAIN_MS", { fallback: 0, min: 0, max: 300_000 }),
    shutdownGraceMs: wholeNumber("SHUTDOWN_GRACE_MS", { fallback: 10_000, min: 1, max: 300_000 }),
  };
}

/** See {@link serviceSettings}. */
export type ServiceSettings = ReturnType<typeof serviceSettings>;
