// What an error of Bun.SQL means for a caller
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
import { SQL } from "bun";
import { errnoOf } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";
import { StorageUnavailable, type CommitFailure } from "../core/storage.ts";

/**
 * The server refused a value: a unique index has it already, a check fails, a text has a NUL. Nothing
 * was changed. The server's text quotes the row, so it is not in the message.
 */
export class ValueRefused extends Error {
  override readonly name = "ValueRefused";

  constructor(
    /** Such as `23505` (unique_violation), `23514` (check_violation), `22021` (a NUL in a text). */
    readonly sqlState: string,
    /** The name of the constraint or of the unique index, if it was one. */
    readonly constraint: string | undefined,
  ) {
    super(`The server refused a value: ${[sqlState, constraint].filter(Boolean).join(" ")}`);
  }
}

/** The cause of a refusal: commits wait for a standby of the server, or for its disk. */
export class CommitsWait extends Error {
  override readonly name = "CommitsWait";

  constructor(readonly what: "standby" | "disk") {
    super(`Commits wait for the ${what}`);
  }
}

/** Whether a unique index or constraint of this name has the value already. */
export function isUniqueViolation(error: unknown, constraint: string): error is ValueRefused {
  const isRefused = error instanceof ValueRefused && error.sqlState === "23505";
  return isRefused && error.constraint === constraint;
}

/** The SQLSTATE that the server sent; undefined for errors of the client and of the network. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof SQL.PostgresError && /^[0-9A-Z]{5}$/.test(error.errno ?? "")
    ? error.errno
    : undefined;
}

/** The code of the client, of a socket or of TLS; empty for other errors. */
const codeOf = (error: unknown) => errnoOf(error) ?? "";

const severityOf = (error: unknown) =>
  error instanceof SQL.PostgresError ? error.severity : undefined;

/** Whether the server has ended the session with this error, or did not begin it. */
const isFatal = (error: unknown) => severityOf(error) === "FATAL";

/** Whether the server has undone the statement for the sake of another one, which may be over now. */
export function isSerializationFailure(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === "40001" || state === "40P01";
}

/** Whether the statement has waited too long for a lock, and was undone. */
export function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof StorageUnavailable ? error.cause : error;
  return sqlStateOf(cause) === "55P03";
}

/** No session was made, so nothing was sent. */
const notConnected = [
  "ERR_POSTGRES_CONNECTION_REFUSED",
  "ERR_POSTGRES_CONNECTION_TIMEOUT",
  "ERR_POSTGRES_CONNECTION_FAILED",
];

/** Sessions that end, whatever was under way on them. */
const lost = [
  "ERR_POSTGRES_CONNECTION_CLOSED",
  "ERR_POSTGRES_IDLE_TIMEOUT",
  "ERR_POSTGRES_LIFETIME_TIMEOUT",
];

/** The server's way to let a client in is unknown, or its proof that it knows the password is wrong. */
const isLoginFailure = (code: string) =>
  /^ERR_POSTGRES_(?:AUTHENTICATION|CHANNEL_BINDING|SASL|INVALID_SERVER|U[A-Z]+_AUTHENTICATION)_/.test(
    code,
  );

/**
 * Bytes that no server of PostgreSQL sends: the network has damaged them, or another program responds.
 * A binding or a type that Bun.SQL does not support is a bug, and not among them.
 */
const isProtocolError = (code: string) =>
  /^ERR_POSTGRES_(?:EXPECTED|UNEXPECTED|UNKNOWN_FORMAT|OVERFLOW|INVALID_(?!QUERY|SERVER|TRANSACTION))/.test(
    code,
  );

/** Errors of the system, such as ECONNRESET, or EPROTO for bytes that are not those of TLS. */
const isSystemError = (code: string) => /^E(?:AI_)?[A-Z0-9]+$/.test(code);

/**
 * Whether the session ended while the statement was under way, so that its outcome is unknown. 57P01
 * and 57P02 are among them: a commit that waits for a standby is stored already. So are errors that may
 * also come before the session has begun, but do not say so.
 */
export function isSessionLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) {
    const code = codeOf(error);
    return lost.includes(code) || isProtocolError(code) || isSystemError(code);
  }
  // The server panics for a flush of its log that fails, for example: a restart may find the commit there.
  if (severityOf(error) === "PANIC") return true;
  if (isFatal(error) && /^(?:25|XX)/.test(state)) return true;
  return /^(?:08(?!001|004)|40003|57P01|57P02|57P05)/.test(state);
}

/** Whether a pooler, or a server that does not know it, refuses a setting of a new session. */
export function isRefusedSetting(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === "08P01" || state === "42704";
}

/** Whether a table, a function or another object of this name exists already. */
export function isNameTaken(error: unknown): boolean {
  return /^42(?:P07|710|723)$/.test(sqlStateOf(error) ?? "");
}

/** Whether a table has no column of this name. */
export function isMissingColumn(error: unknown): boolean {
  return sqlStateOf(error) === "42703";
}

/** Whether the server is read-only: a standby, or a primary that was told to be. */
export function isReadOnly(error: unknown): boolean {
  return sqlStateOf(error) === "25006";
}

/** Whether the role lacks a right to what the statement does. */
export function isRightMissing(error: unknown): boolean {
  return sqlStateOf(error) === "42501";
}

/**
 * Whether the role finds no table of this name: it may not use the schema any more, or the server has
 * another search_path for it.
 */
export function isTableMissing(error: unknown): boolean {
  return /^(?:3F000|42P01)$/.test(sqlStateOf(error) ?? "");
}

/**
 * Why a storage cannot work now; undefined for an error that is no state of the storage, but a bug of the
 * statement.
 *
 * @param isWrite whether the statement changes data, so that it matters if it was done
 */
export function unavailableReason(
  error: unknown,
  isWrite: boolean,
): StorageUnavailable["reason"] | undefined {
  if (isSessionLost(error)) return isWrite ? "interrupted" : "unreachable";
  const state = sqlStateOf(error);
  if (state === undefined) {
    const code = codeOf(error);
    const isNotBegun = notConnected.includes(code) || isLoginFailure(code) || isTlsError(error);
    return isNotBegun ? "unreachable" : undefined;
  }
  if (state === "53100") return "full";
  // Out of memory, out of sessions, a lock that is held, the server's own deadline, a conflict.
  if (/^(?:53|55P03|57014|40001|40P01)/.test(state)) return "busy";
  // No session, refused by now, a right was taken away, restarting, read-only, an error of its disk.
  const isAway = /^(?:08|28|3D000|3F000|42501|42P01|57|25006|58)/.test(state);
  return isAway || isFatal(error) ? "unreachable" : undefined;
}

/** Why the server did not commit a write; undefined if it did not try, or has refused a value. */
export function commitFailure(error: unknown): CommitFailure | undefined {
  const state = sqlStateOf(error) ?? "";
  if (state.startsWith("58")) return "io";
  if (/^XX00[12]$/.test(state)) return "damaged";
  const wanted = toStorageError(error, true);
  if (wanted instanceof ValueRefused) return undefined;
  if (!(wanted instanceof StorageUnavailable)) return "other";
  const { reason } = wanted;
  return reason === "full" || reason === "interrupted" ? reason : undefined;
}

/** Whether TLS cannot be begun: the server has none, or its certificate is refused, by OpenSSL's names. */
function isTlsError(error: unknown): boolean {
  const code = codeOf(error);
  if (isSystemError(code)) return false;
  const isNamed = /^(?:ERR_(?:POSTGRES_)?TLS_|ERR_SSL_|(?!ERR_)[A-Z_]+$)/.test(code);
  return isNamed || isRootCertificateError(error);
}

/**
 * Whether the file of `sslrootcert` cannot be used. Bun reads it for each new session, so that it may be
 * replaced while the service runs, and be missing for a moment.
 */
function isRootCertificateError(error: unknown): boolean {
  const code = codeOf(error);
  if (code === "ERR_BORINGSSL") return true;
  return code === "ERR_INVALID_ARG_TYPE" && errorMessage(error).includes("caFile");
}

/** The error that a caller of the storage gets. @param isWrite see {@link unavailableReason} */
export function toStorageError(error: unknown, isWrite: boolean): unknown {
  if (error instanceof StorageUnavailable) return error;
  const reason = unavailableReason(error, isWrite);
  if (reason !== undefined) return new StorageUnavailable(reason, { cause: error });
  const state = sqlStateOf(error) ?? "";
  if (!/^2[23]/.test(state)) return error;
  const constraint = error instanceof SQL.PostgresError ? error.constraint : undefined;
  return new ValueRefused(state, constraint);
}

/**
 * Whether a server that refuses a session, or a migration, with this error will go on doing so until
 * the operator changes something.
 */
export function isPermanent(error: unknown): boolean {
  if (error instanceof StorageUnavailable) return false;
  const state = sqlStateOf(error);
  if (state === undefined) return !notConnected.includes(codeOf(error)) && !isSessionLost(error);
  return !/^(?:08|40|53|55P03|57|25006|58)/.test(state);
}

/** What commits wait for, if a write was refused because of that. */
export function commitsWaitOf(error: unknown): CommitsWait["what"] | undefined {
  const cause = error instanceof StorageUnavailable ? error.cause : undefined;
  return cause instanceof CommitsWait ? cause.what : undefined;
}

/** Why a server cannot be used, and what the operator can do about it. "It" is the database. */
export function operatorReason(error: unknown): string {
  const state = sqlStateOf(error);
  const code = codeOf(error);
  if (state?.startsWith("28")) return "the server refuses this user or its password; check both";
  if (state === "3D000") return "the server has no such database; create it";
  if (isRightMissing(error)) {
    return `this role lacks a right (${errorMessage(error)}); grant it, or run migrate as the owner`;
  }
  if (state === "3F000") {
    return "this role may use no schema of its search_path; create one, or grant USAGE on it";
  }
  if (state === "42P01") {
    return `this role finds no table (${errorMessage(error)}); grant USAGE on its schema, or set search_path`;
  }
  if (state === "55000" && isFatal(error)) {
    return "the server takes no sessions with this database; set ALLOW_CONNECTIONS of it to true";
  }
  if (state === "57P03") return "the server is starting or stopping";
  if (state === "53300") return "the server has no free session; raise max_connections";
  if (state === "25006") return "the server is read-only; name the primary";
  if (code === "ERR_POSTGRES_TLS_NOT_AVAILABLE") {
    return "the server offers no TLS; switch it on there, or set another sslmode";
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return "the server's certificate has another name; use its name as the host";
  }
  if (isRootCertificateError(error)) {
    return "the file of sslrootcert has no certificate that can be read; put the server's CA there";
  }
  if (code === "CERT_HAS_EXPIRED") return "the server's certificate has expired; renew it there";
  if (code === "EPROTO") {
    const detail = errorMessage(error).replace(/.*:/, "");
    return `TLS with the server failed (${detail}); look at its log, and at what is on the way to it`;
  }
  if (isProtocolError(code)) {
    return `what responds there does not speak PostgreSQL's protocol (${code}); check host and port`;
  }
  if (isLoginFailure(code)) {
    return `the server asks for a log-in that is not supported, or fails it (${code}); use scram-sha-256`;
  }
  if (isTlsError(error)) {
    return `the server's certificate is not trusted (${code}); set sslrootcert to its CA`;
  }
  if (notConnected.includes(code)) return "no server answers there; start it, or check the address";
  if (isSessionLost(error)) return "the server ended the session";
  const awaited = commitsWaitOf(error);
  if (awaited === "standby") {
    return "commits wait for a standby; start it, or take it out of synchronous_standby_names";
  }
  if (awaited === "disk") {
    return "commits wait for the server's disk; look for its errors there, or fail over to a standby";
  }
  if (error instanceof StorageUnavailable) return "the server does not answer";
  const message = error instanceof Error ? error.message : String(error);
  return state === undefined ? message : `${message} (SQLSTATE ${state})`;
}
