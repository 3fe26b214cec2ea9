// How sessions are made: the options and the URL for Bun.SQL.
import type { PostgresAddress } from "./postgres-url.ts";

/** Options for Bun.SQL that every pool has. @param max the most sessions */
export function poolOptions({ connectTimeoutSeconds = 3 }: PostgresAddress, max: number) {
  return {
    max,
    connectionTimeout: connectTimeoutSeconds,
    idleTimeout: 30,
    // Bounds how long a session keeps settings that it began with, such as being read-only.
    maxLifetime: 60,
  };
}

/**
 * What a session with the server itself begins with.
 *
 * @param timeoutMs of statements; 0 for none
 * @param lockTimeoutMs how long a statement waits for a lock; 0: without end
 */
export function sessionSettings(
  { applicationName }: PostgresAddress,
  timeoutMs: number,
  lockTimeoutMs: number,
) {
  return {
    ...(applicationName !== undefined && { application_name: applicationName }),
    statement_timeout: String(timeoutMs),
    lock_timeout: String(lockTimeoutMs),
    idle_in_transaction_session_timeout: "10000",
    // A plan that the server keeps from when a table was small reads the whole table once it has grown,
    // until the server analyses it. To plan each statement anew costs it some microseconds.
    plan_cache_mode: "force_custom_plan",
  };
}

/** The URL for Bun.SQL, which does not try TLS without `sslmode`, and has no `allow`. */
export function poolUrl(address: PostgresAddress): string {
  const { host, port, user, password, database, sslMode, rootCertificate } = address;
  const credentials = [user, password].map(encodeURIComponent).join(":");
  const query = new URLSearchParams({ sslmode: sslMode === "allow" ? "prefer" : sslMode });
  if (rootCertificate !== undefined) query.set("sslrootcert", rootCertificate);
  return `postgres://${credentials}@${host}:${port}/${encodeURIComponent(database)}?${query.toString()}`;
}
