// What an error of Bun.SQL means for a caller of the storage.
import { SQL } from "bun";
import { StorageUnavailable, type CommitFailure } from "../core/storage.ts";
import {
  codeOf,
  isFatal,
  isLoginFailure,
  isNotConnected,
  isSessionLost,
  isTlsError,
  sqlStateOf,
} from "./error-codes.ts";

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

/** The cause of a refusal: a check found, before any write was sent, that the server takes none. */
export class ReadOnlyServer extends Error {
  override readonly name = "ReadOnlyServer";

  constructor() {
    super("The server is read-only");
  }
}

/** Whether a unique index or constraint of this name has the value already. */
export function isUniqueViolation(error: unknown, constraint: string): error is ValueRefused {
  const isRefused = error instanceof ValueRefused && error.sqlState === "23505";
  return isRefused && error.constraint === constraint;
}

/** Whether the statement has waited too long for a lock, and was undone. */
export function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof StorageUnavailable ? error.cause : error;
  return sqlStateOf(cause) === "55P03";
}

/** Whether the server is read-only: a standby, or a primary that was told to be. */
export function isReadOnly(error: unknown): boolean {
  const cause = error instanceof StorageUnavailable ? error.cause : error;
  return cause instanceof ReadOnlyServer || sqlStateOf(cause) === "25006";
}

/** Whether the server reports an error of its disk, which may fail one statement and not the next. */
export function isDiskError(error: unknown): boolean {
  return sqlStateOf(error)?.startsWith("58") === true;
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
    const isNotBegun = isNotConnected(code) || isLoginFailure(code) || isTlsError(error);
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
  if (state === undefined) return !isNotConnected(codeOf(error)) && !isSessionLost(error);
  return !/^(?:08|40|53|55P03|57|25006|58)/.test(state);
}

/** What commits wait for, if a write was refused because of that. */
export function commitsWaitOf(error: unknown): CommitsWait["what"] | undefined {
  const cause = error instanceof StorageUnavailable ? error.cause : undefined;
  return cause instanceof CommitsWait ? cause.what : undefined;
}
