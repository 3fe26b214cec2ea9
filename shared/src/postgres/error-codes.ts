// What the code of an error of Bun.SQL says: that of the server, its SQLSTATE
// (https://www.postgresql.org/docs/current/errcodes-appendix.html), or that of the client, of a socket or of TLS.
import { SQL } from "bun";
import { errnoOf } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";

/** The SQLSTATE that the server sent; undefined for errors of the client and of the network. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof SQL.PostgresError && /^[0-9A-Z]{5}$/.test(error.errno ?? "")
    ? error.errno
    : undefined;
}

/** The code of the client, of a socket or of TLS; empty for other errors. */
export const codeOf = (error: unknown) => errnoOf(error) ?? "";

const severityOf = (error: unknown) =>
  error instanceof SQL.PostgresError ? error.severity : undefined;

/** Whether the server has ended the session with this error, or did not begin it. */
export const isFatal = (error: unknown) => severityOf(error) === "FATAL";

/** Whether the server has undone the statement for the sake of another one, which may be over now. */
export function isSerializationFailure(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === "40001" || state === "40P01";
}

/** No session was made, so nothing was sent. */
export const isNotConnected = (code: string) =>
  /^ERR_POSTGRES_CONNECTION_(?:REFUSED|TIMEOUT|FAILED)$/.test(code);

/** Bun.SQL's codes for a session that ended while a statement may have been under way. */
const lost = [
  "ERR_POSTGRES_CONNECTION_CLOSED",
  "ERR_POSTGRES_IDLE_TIMEOUT",
  "ERR_POSTGRES_LIFETIME_TIMEOUT",
];

/** The server's way to let a client in is unknown, or its proof that it knows the password is wrong. */
export const isLoginFailure = (code: string) =>
  /^ERR_POSTGRES_(?:AUTHENTICATION|CHANNEL_BINDING|SASL|INVALID_SERVER|U[A-Z]+_AUTHENTICATION)_/.test(
    code,
  );

/**
 * Bytes that no server of PostgreSQL sends: the network has damaged them, or another program responds.
 * A binding or a type that Bun.SQL does not support is a bug, and not among them.
 */
export const isProtocolError = (code: string) =>
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

/** Whether TLS cannot be begun: the server has none, or its certificate is refused, by OpenSSL's names. */
export function isTlsError(error: unknown): boolean {
  const code = codeOf(error);
  if (isSystemError(code)) return false;
  const isNamed = /^(?:ERR_(?:POSTGRES_)?TLS_|ERR_SSL_|(?!ERR_)[A-Z_]+$)/.test(code);
  return isNamed || isRootCertificateError(error);
}

/**
 * Whether the file of `sslrootcert` cannot be used. Bun reads it for each new session, so that it may be
 * replaced while the service runs, and be missing for a moment.
 */
export function isRootCertificateError(error: unknown): boolean {
  const code = codeOf(error);
  if (code === "ERR_BORINGSSL") return true;
  return code === "ERR_INVALID_ARG_TYPE" && errorMessage(error).includes("caFile");
}
