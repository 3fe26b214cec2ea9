import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { isRefusedSetting } from "../../src/postgres/error-codes.ts";
import {
  isPermanent,
  isUniqueViolation,
  toStorageError,
  unavailableReason,
  ValueRefused,
} from "../../src/postgres/errors.ts";
import { operatorReason } from "../../src/postgres/operator-reason.ts";

/** An error of the server. @param severity FATAL or PANIC: with it, the server ends the session */
function serverError(errno: string, constraint?: string, severity = "ERROR") {
  const code = "ERR_POSTGRES_SERVER_ERROR";
  const detail = "Key (email)=(alice@example.com) already exists.";
  return new SQL.PostgresError(`error ${errno}`, {
    code,
    errno,
    detail,
    severity,
    ...(constraint !== undefined && { constraint }),
  });
}

const fatalError = (errno: string) => serverError(errno, undefined, "FATAL");

/** An error of the client or of the network. */
const clientError = (code: string) => new SQL.PostgresError("error", { code });

/** An error of a socket, or of TLS. */
const socketError = (code: string, message = code) => Object.assign(new Error(message), { code });

/**
 * The error of a session with a server that says that it has TLS.
 *
 * @param shake what it does when the client begins the handshake. Default: nothing
 */
async function sessionError(
  query: string,
  shake: (socket: Bun.Socket) => unknown = () => undefined,
): Promise<Error> {
  let isAsked = false;
  using server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        if (isAsked) shake(socket);
        else socket.write("S");
        isAsked = true;
      },
    },
  });
  const url = `postgres://user:password@127.0.0.1:${server.port}/name?${query}`;
  await using sql = new SQL(url, { max: 1 });
  return await rejectionOf(sql`SELECT 1`);
}

describe("unavailableReason()", () => {
  test.each([
    ["53100", "full"],
    ["53200", "busy"],
    ["53300", "busy"],
    ["55P03", "busy"],
    ["57014", "busy"],
    ["40001", "busy"],
    ["40P01", "busy"],
    ["57P03", "unreachable"],
    ["28P01", "unreachable"],
    ["3D000", "unreachable"],
    ["42501", "unreachable"],
    ["42P01", "unreachable"],
    ["3F000", "unreachable"],
    ["25006", "unreachable"],
    ["58030", "unreachable"],
    ["08001", "unreachable"],
  ] as const)("of a server's %s is %s, for reads and writes alike", (state, reason) => {
    expect(unavailableReason(serverError(state), false)).toBe(reason);
    expect(unavailableReason(serverError(state), true)).toBe(reason);
  });

  test.each(["57P01", "57P02", "57P05", "08006", "08007", "40003"])(
    "of a server's %s says of a write alone that it may have been stored",
    (state) => {
      expect(unavailableReason(serverError(state), true)).toBe("interrupted");
      expect(unavailableReason(serverError(state), false)).toBe("unreachable");
    },
  );

  test.each([
    "CONNECTION_CLOSED",
    "IDLE_TIMEOUT",
    "LIFETIME_TIMEOUT",
    "EXPECTED_REQUEST",
    "EXPECTED_STATEMENT",
    "INVALID_BACKEND_KEY_DATA",
    "INVALID_BINARY_DATA",
    "INVALID_BYTE_SEQUENCE",
    "INVALID_CHARACTER",
    "INVALID_MESSAGE",
    "INVALID_MESSAGE_LENGTH",
    "OVERFLOW",
    "UNEXPECTED_MESSAGE",
    "UNKNOWN_FORMAT_CODE",
  ])("of a session that ended by %s says the same", (code) => {
    const error = clientError(`ERR_POSTGRES_${code}`);
    expect(unavailableReason(error, true)).toBe("interrupted");
    expect(unavailableReason(error, false)).toBe("unreachable");
    expect(isPermanent(error)).toBe(false);
  });

  test.each([
    ["transaction_timeout", fatalError("25P04")],
    ["idle_in_transaction_session_timeout", fatalError("25P03")],
    ["an error of its own", fatalError("XX000")],
    ["a flush of its log that failed", serverError("58030", undefined, "PANIC")],
    ["a full disk", serverError("53100", undefined, "PANIC")],
  ])("of a session that the server ended for %s says the same", (_, error) => {
    expect(unavailableReason(error, true)).toBe("interrupted");
    expect(unavailableReason(error, false)).toBe("unreachable");
  });

  test.each(["ECONNRESET", "EPROTO", "EPIPE", "ETIMEDOUT"])(
    "of a socket's %s says the same",
    (code) => {
      expect(unavailableReason(socketError(code), true)).toBe("interrupted");
      expect(unavailableReason(socketError(code), false)).toBe("unreachable");
      expect(isPermanent(socketError(code))).toBe(false);
    },
  );

  test.each(["53300", "57P03", "55000", "28P01", "42704", "58P01"])(
    "of a session that the server does not begin for %s says that nothing was stored",
    (state) => {
      expect(unavailableReason(fatalError(state), true)).toBeOneOf(["busy", "unreachable"]);
    },
  );

  test.each([
    "ERR_POSTGRES_CONNECTION_REFUSED",
    "ERR_POSTGRES_CONNECTION_TIMEOUT",
    "ERR_POSTGRES_CONNECTION_FAILED",
    "ERR_POSTGRES_TLS_NOT_AVAILABLE",
    "ERR_POSTGRES_TLS_UPGRADE_FAILED",
    "ERR_POSTGRES_SASL_SIGNATURE_MISMATCH",
    "ERR_POSTGRES_INVALID_SERVER_SIGNATURE",
    "ERR_POSTGRES_UNSUPPORTED_AUTHENTICATION_METHOD",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "CERT_HAS_EXPIRED",
    "ERROR_IN_CERT_NOT_AFTER_FIELD",
    "HOSTNAME_MISMATCH",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNSPECIFIED",
  ])("of %s is unreachable, since nothing was sent", (code) => {
    expect(unavailableReason(clientError(code), true)).toBe("unreachable");
    expect(unavailableReason(socketError(code), true)).toBe("unreachable");
  });

  test.each<[string, (socket: Bun.Socket) => unknown]>([
    ["ends", (socket) => socket.end()],
    ["is none", (socket) => socket.write("no TLS")],
  ])("of a TLS handshake that %s is unreachable for a read", async (_, shake) => {
    const error = await sessionError("sslmode=require", shake);
    expect(unavailableReason(error, false)).toBe("unreachable");
    expect(isPermanent(error)).toBe(false);
  });

  // Bun reads it for each new session; it is missing while an operator replaces it.
  test("of a file of the CA that is missing or damaged is unreachable", async () => {
    for (const file of ["/no/such/file", import.meta.path]) {
      const error = await sessionError(`sslmode=verify-full&sslrootcert=${file}`);
      expect(unavailableReason(error, true)).toBe("unreachable");
      expect(operatorReason(error)).toStartWith("the file of sslrootcert has no certificate");
    }
  });

  test("is none for a bug", () => {
    for (const state of ["42601", "42703", "22012", "55000", "XX000"]) {
      expect(unavailableReason(serverError(state), true)).toBeUndefined();
    }
    for (const code of [
      "INVALID_QUERY_BINDING",
      "INVALID_TRANSACTION_STATE",
      "NOT_TAGGED_CALL",
      "TOO_MANY_PARAMETERS",
      "UNSAFE_TRANSACTION",
      "UNSUPPORTED_ARRAY_FORMAT",
      "UNSUPPORTED_INTEGER_SIZE",
    ]) {
      expect(unavailableReason(clientError(`ERR_POSTGRES_${code}`), true)).toBeUndefined();
    }
    const wrongType = Object.assign(new TypeError("a value"), { code: "ERR_INVALID_ARG_TYPE" });
    expect(unavailableReason(wrongType, true)).toBeUndefined();
    expect(unavailableReason(new TypeError("a bug"), true)).toBeUndefined();
  });
});

describe("toStorageError()", () => {
  test("names the constraint of a refused value, and nothing of the row", () => {
    const error = toStorageError(serverError("23505", "users_email"), true);
    expect(error).toBeInstanceOf(ValueRefused);
    expect(isUniqueViolation(error, "users_email")).toBe(true);
    expect(isUniqueViolation(error, "users_pkey")).toBe(false);
    expect(Bun.inspect(error)).not.toContain("alice");
  });

  test("leaves a bug as it is", () => {
    const bug = serverError("42601");
    expect(toStorageError(bug, true)).toBe(bug);
  });
});

describe("isPermanent()", () => {
  test.each(["28P01", "28000", "3D000", "42501", "42P01"])("is true for %s", (state) => {
    expect(isPermanent(serverError(state))).toBe(true);
  });

  test.each(["57P03", "53300", "25006", "55P03", "57P01", "08006", "40001"])(
    "is false for %s",
    (state) => expect(isPermanent(serverError(state))).toBe(false),
  );

  test("is true for a certificate, and false for a server that does not answer", () => {
    expect(isPermanent(clientError("ERR_TLS_CERT_ALTNAME_INVALID"))).toBe(true);
    expect(isPermanent(clientError("ERR_POSTGRES_CONNECTION_REFUSED"))).toBe(false);
    expect(isPermanent(clientError("ERR_POSTGRES_CONNECTION_CLOSED"))).toBe(false);
  });
});

test("isRefusedSetting() is true for a pooler's refusal, and for a server that has no such setting", () => {
  expect(isRefusedSetting(serverError("08P01"))).toBe(true);
  expect(isRefusedSetting(serverError("42704"))).toBe(true);
  expect(isRefusedSetting(serverError("28P01"))).toBe(false);
});

test("operatorReason() gives every known error a cause and a remedy", () => {
  for (const state of ["28P01", "3D000", "42501", "53300", "25006"]) {
    expect(operatorReason(serverError(state))).toMatch(/^the server |^this role .*;/);
  }
  expect(operatorReason(clientError("UNABLE_TO_VERIFY_LEAF_SIGNATURE"))).toContain("sslrootcert");
  expect(operatorReason(serverError("42P01"))).toContain("grant USAGE on its schema");
  expect(operatorReason(fatalError("55000"))).toContain("ALLOW_CONNECTIONS");
  expect(operatorReason(clientError("ERR_POSTGRES_UNEXPECTED_MESSAGE"))).toContain("host and port");
  expect(operatorReason(clientError("ERR_POSTGRES_SASL_SIGNATURE_MISMATCH"))).toContain("log-in");
  const alert = "error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION";
  expect(operatorReason(socketError("EPROTO", alert))).toStartWith(
    "TLS with the server failed (TLSV1_ALERT_PROTOCOL_VERSION);",
  );
});
