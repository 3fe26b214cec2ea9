import { describe, expect, test } from "bun:test";
import { parsePostgresUrl, postgresUrlRemedy } from "../../src/postgres/postgres-url.ts";

describe("parsePostgresUrl()", () => {
  test("takes user, password, host, port and name, percent-encoded", () => {
    expect(parsePostgresUrl("postgres://app:p%40ss%2F%25@db.example:6432/my%20db")).toEqual({
      name: "postgres://db.example:6432/my%20db",
      host: "db.example",
      port: 6432,
      user: "app",
      password: "p@ss/%",
      database: "my db",
      sslMode: "prefer",
      rootCertificate: undefined,
      connectTimeoutSeconds: undefined,
      applicationName: undefined,
    });
  });

  test.each([
    ["postgresql://u@h/d", { port: 5432, password: "", host: "h" }],
    ["POSTGRES://u:p@[::1]:5433/d", { host: "[::1]", port: 5433 }],
    ["postgres://u@h/d?sslmode=require", { sslMode: "require" }],
    ["postgres://u@h/d?sslmode=require&sslrootcert=/ca.crt", { sslMode: "verify-ca" }],
    [
      "postgres://u@h/d?sslmode=verify-full&sslrootcert=%2Fca.crt",
      { sslMode: "verify-full", rootCertificate: "/ca.crt" },
    ],
    [
      "postgres://u@h/d?sslmode=verify-full&sslrootcert=system",
      { sslMode: "verify-full", rootCertificate: undefined },
    ],
    [
      "postgres://u@h/d?connect_timeout=2&application_name=my%20app",
      { connectTimeoutSeconds: 2, applicationName: "my app" },
    ],
    ["postgres://u@h/d?sslrootcert=system", { sslMode: "verify-full", rootCertificate: undefined }],
    ["postgres://u@h/d?", { database: "d" }],
    ["postgres://u@h/d?connect_timeout=0", { connectTimeoutSeconds: undefined }],
  ])("takes %s", (url, expected) => {
    expect(parsePostgresUrl(url)).toMatchObject(expected);
  });

  test.each([
    "postgres://h/d",
    "postgres://u:p@/d",
    "postgres://u:p@h",
    "postgres://u:p@h/",
    "postgres://u:p@h:0/d",
    "postgres://u:p@h:99999/d",
    "postgres://u:p@h1,h2/d",
    "postgres://u:p@h1:1,h2:2/d",
    "postgres://u:p@h/d/e",
    "postgres://u:p@h/d#f",
    "postgres://u:a@b@h/d",
    "postgres://u:a/b@h/d",
    "postgres://u:%zz@h/d",
    "postgres://u:%00@h/d",
    "postgres://u:p@h/d?foo=bar",
    "postgres://u:p@h/d?sslmode=on",
    "postgres://u:p@h/d?sslmode=",
    "postgres://u:p@h/d?sslmode=disable&sslmode=require",
    "postgres://u:p@h/d?sslmode=require&sslrootcert=system",
    "postgres://u:p@h/d?connect_timeout=1s",
    "postgres://u:p@h/d?host=/run/postgresql",
    "postgres://u:p@h/d?target_session_attrs=read-write",
    "postgres+asyncpg://u:p@h/d",
    " postgres://u:p@h/d",
    "postgres:u",
    "mysql://u:p@h/d",
  ])("refuses %s", (url) => {
    expect(parsePostgresUrl(url)).toBeUndefined();
  });
});

describe("postgresUrlRemedy()", () => {
  test.each([
    ["postgres+asyncpg://u:secret@h/d", "leave out the name of the driver behind postgres"],
    ["postgres://u:secret@h1,h2/d", "name one host: the address that follows the primary"],
    ["postgres://h/d", "name the user in front of the host"],
    ["postgres://u:sec@ret@h/d", "percent-encode user and password"],
    [
      "postgres://u:secret@h/d?secret=1",
      "of parameters, it may have sslmode, sslrootcert, connect_timeout, application_name, " +
        "each once and with a value",
    ],
    [
      "postgres://u:secret@h/d?sslmode=secret",
      "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full",
    ],
    [
      "postgres://u:secret@h/d?sslmode=require&sslrootcert=system",
      "sslrootcert=system needs sslmode=verify-full",
    ],
    [
      "postgres://u:secret@h/d?connect_timeout=1s",
      "connect_timeout must be a whole number of seconds from 0 to 99999",
    ],
    ["postgres://u:secret@h:99999/d", "the port must be a whole number from 1 to 65535"],
    ["postgres://u:secret@h:port/d", "the port must be a whole number from 1 to 65535"],
    ["postgres://u:secret@h:0/d", "the port must be a whole number from 1 to 65535"],
    ["postgres://u:secret@[::1]:x/d", "the port must be a whole number from 1 to 65535"],
    ["postgres://u:secret@/d", "name the host behind the user"],
    ["postgres://u:secret@h", "name the database behind the host"],
    ["postgres://u:secret@h:5432/", "name the database behind the host"],
    ["postgres://u:secret@h/?sslmode=require", "name the database behind the host"],
    ["postgres://u:sec/ret@h/d", "percent-encode user and password"],
    ["postgres://u:sec?ret@h/d", "percent-encode user and password"],
    ["postgres://u:secrét@h/d", "percent-encode user and password"],
    ["postgres://u:secret@h/d%", "percent-encode user, password and name"],
    ["sqlite:x.db", undefined],
  ])("of %s names the mistake, and no part of the URL", (url, remedy) => {
    expect(postgresUrlRemedy(url)).toBe(remedy);
  });
});
