// How sessions are made: the options and the URL for Bun.SQL.
import type { PostgresAddress } from "./postgres-url.ts";

/** Where sessions go to: `host` may be an address of the server that the operator named. */
export interface SessionTarget extends PostgresAddress {
  /** The host that the operator named. */
  readonly serverName: string;
}

/** Options for Bun.SQL that every pool has. @param max the most sessions */
export function poolOptions(target: SessionTarget, max: number) {
  const { connectTimeoutSeconds = 3, host, serverName, sslMode } = target;
  const isNamed = host === serverName || !/^(?:require|verify-ca|verify-full)$/.test(sslMode);
  return {
    // The name that the server's certificate has to have. With it, Bun.SQL demands TLS in every mode.
    ...(!isNamed && { tls: { serverName } }),
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
    // A generic plan from when a table was small would read the whole table once it has grown.
    // `customPlan()` is for statements that need more than an index.
    enable_seqscan: "off",
    // Else the server compiles a statement that has to read a table, as it takes that for costly.
    jit: "off",
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
