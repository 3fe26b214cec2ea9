// What the log says when a server cannot be used.
import { errorMessage } from "../core/error-message.ts";
import { StorageUnavailable } from "../core/storage.ts";
import {
  codeOf,
  isFatal,
  isLoginFailure,
  isNotConnected,
  isProtocolError,
  isRightMissing,
  isRootCertificateError,
  isSessionLost,
  isTlsError,
  sqlStateOf,
} from "./error-codes.ts";
import { commitsWaitOf, isReadOnly } from "./errors.ts";

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
  if (isReadOnly(error)) return "the server is read-only; name the primary";
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
  if (isNotConnected(code)) return "no server answers there; start it, or check the address";
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
