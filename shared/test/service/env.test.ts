import { describe, expect, test } from "bun:test";
import { ConfigError, readConfig } from "../../src/service/env.ts";
import {
  listenAddress,
  enumeration,
  httpBaseUrl,
  httpOrigin,
  httpOrigins,
  integer,
} from "../../src/service/setting-kinds.ts";
import { readServiceConfig } from "../../src/service/definition.ts";
import { tracingSettings } from "../../src/service/tracing-settings.ts";

type Environment = Record<string, string | undefined>;

const settings = {
  port: integer("PORT", { default: 8000, min: 0, max: 65535 }),
  host: listenAddress("HOST", { default: "0.0.0.0" }),
  level: enumeration("LEVEL", {
    default: "info",
    words: ["debug", "info", "warn"],
    synonyms: { warning: "warn" },
  }),
  url: httpOrigin("URL", { default: "http://localhost:8000" }),
  base: httpBaseUrl("BASE", { default: "" }),
  origins: httpOrigins("ORIGINS", { default: [] }),
};

const read = (environment: Environment) => readConfig(settings, environment);

/** The messages of the ConfigError that a function throws; none if it throws nothing. */
function messagesOf(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.messages;
    throw error;
  }
}

describe("readConfig()", () => {
  test("takes the default of a variable that is not set, or empty", () => {
    const defaults = { port: 8000, host: "0.0.0.0", level: "info", url: "http://localhost:8000" };
    expect(read({})).toEqual(read({ PORT: "", HOST: "", LEVEL: "", URL: undefined }));
    expect(read({ UNKNOWN: "1" })).toMatchObject(defaults);
  });

  test.each([
    ["PORT", "0", { port: 0 }],
    ["PORT", "65535", { port: 65535 }],
    ["PORT", "0080", { port: 80 }],
    ["HOST", "127.0.0.1", { host: "127.0.0.1" }],
    ["HOST", "::", { host: "::" }],
    ["HOST", "fd00::1:2", { host: "fd00::1:2" }],
    ["HOST", "my-host.example", { host: "my-host.example" }],
    ["LEVEL", "warn", { level: "warn" }],
    ["LEVEL", "INFO", { level: "info" }],
    ["LEVEL", "Warning", { level: "warn" }],
    ["URL", "http://users:8000", { url: "http://users:8000" }],
    ["URL", "http://users:8000/", { url: "http://users:8000" }],
    ["URL", "HTTPS://Users.Example:443", { url: "https://users.example" }],
    ["URL", "http://[::1]:8000", { url: "http://[::1]:8000" }],
    ["ORIGINS", "https://shop.example", { origins: ["https://shop.example"] }],
    [
      "ORIGINS",
      "HTTPS://Shop.Example:443/,http://a:80",
      { origins: ["https://shop.example", "http://a"] },
    ],
    [
      "ORIGINS",
      " http://a:3000 , http://[::1]:1 ",
      { origins: ["http://a:3000", "http://[::1]:1"] },
    ],
    ["ORIGINS", "https://bücher.example", { origins: ["https://xn--bcher-kva.example"] }],
    ["ORIGINS", "http://a,http://A:80", { origins: ["http://a"] }],
    ["BASE", "https://shop.example", { base: "https://shop.example" }],
    ["BASE", "https://shop.example/", { base: "https://shop.example" }],
    ["BASE", "HTTPS://Shop.Example:443/API/v1/", { base: "https://shop.example/API/v1" }],
    ["BASE", "http://localhost:8080/a//", { base: "http://localhost:8080/a/" }],
    ["BASE", "http://[::1]:8000/a@b:c", { base: "http://[::1]:8000/a@b:c" }],
    [
      "BASE",
      "https://bücher.example/schöne",
      { base: "https://xn--bcher-kva.example/sch%C3%B6ne" },
    ],
    ["BASE", "https://shop.example/a/../b%20c", { base: "https://shop.example/b%20c" }],
  ])("takes %s=%p", (variable, text, expected) => {
    expect(read({ [variable]: text })).toMatchObject(expected);
  });

  test.each([
    ["PORT", ["65536", "-1", "+1", "1.5", "1e3", "0x10", " 80", "80 ", "80a", "9".repeat(30)]],
    ["HOST", ["a b", "http://a", "a/b", "[::1]", "ä.example", "a_b"]],
    ["LEVEL", ["information", " info", "toString", "20"]],
    ["URL", ["users:8000", "ftp://users", "http://", "http://:80", "http://users:99999"]],
    ["URL", ["http://users/api", "http://users?a=1", "http://users/?", "http://users#a"]],
    ["ORIGINS", ["*", "null", "https://*", "https://*.shop.example", "http://a:*", "shop.example"]],
    [
      "ORIGINS",
      ["http://a,", ",http://a", "http://a,,http://b", "http://a http://b", "http://a,*", ","],
    ],
    ["ORIGINS", ["http://a/b", "http://a?", "http://bob:secret@a", "ftp://a", "file:///a", " "]],
    [
      "BASE",
      [
        "https://*.shop.example",
        "shop.example",
        "/api",
        "ftp://a",
        "http://",
        "http://:80",
        "http://a:99999",
        "*",
      ],
    ],
    [
      "BASE",
      ["http://a?", "http://a/b?c=1", "http://a#", "http://a/b#c", "http://a/b c", " http://a"],
    ],
    [
      "BASE",
      ["http://bob@a", "http://bob:secret@a/b", "http:\\\\a", "http://a\\b", "http://a/\tb"],
    ],
    ["BASE", ["http://a/|", "http://a/[b]", "http://a/100%", "http://a/%zz", "http://a\n"]],
    ["URL", ["http://bob@users", "http://bob:secret@users", "http://a b", "http:\\\\users"]],
  ])("refuses %s with any of %p", (variable, texts) => {
    for (const text of texts) expect(messagesOf(() => read({ [variable]: text }))).toHaveLength(1);
  });
});

describe("ConfigError", () => {
  test("has a line for every wrong variable, with what was found and what is allowed", () => {
    const wrong = { PORT: "80a", HOST: "a b", LEVEL: "loud", URL: "users" };
    expect(messagesOf(() => read(wrong))).toEqual([
      'Cannot use PORT "80a": it must be a whole number from 0 to 65535',
      'Cannot use HOST "a b": it must be an IP address or a host name',
      'Cannot use LEVEL "loud": it must be one of debug, info, warn',
      "Cannot use URL: it must be an http or https URL without path, query or " +
        "credentials, such as http://users:8000",
    ]);
  });

  test.each(["x86_64-conda-linux-gnu", "x86_64-conda_cos6-linux-gnu", "arm64-apple-darwin20.0.0"])(
    "says of HOST=%s that conda has set it, and what to do",
    (HOST) => {
      expect(messagesOf(() => read({ HOST }))).toEqual([
        `Cannot use HOST "${HOST}": it must be an IP address or a host name; ` +
          "conda and compilers set HOST to the type of the machine; unset it, or set HOST=::",
      ]);
    },
  );

  test.each([
    ["PORT", '"80"', "quotes"],
    ["PORT", "'80'", "quotes"],
    ["PORT", "80\r", "white space"],
    ["URL", '"http://users:8000"', "quotes"],
    ["URL", " http://users:8000", "white space"],
  ])("says of %s=%s to remove the %s, which env files keep", (variable, text, what) => {
    const [message = ""] = messagesOf(() => read({ [variable]: text }));
    expect(message).toEndWith(`; remove the ${what} around it`);
  });

  test.each(["tcp://10.0.0.1:8000", '"80a"', '""'])("knows no remedy for PORT=%s", (PORT) => {
    expect(messagesOf(() => read({ PORT }))).toEqual([
      `Cannot use PORT ${JSON.stringify(PORT)}: it must be a whole number from 0 to 65535`,
    ]);
  });

  test("keeps each message one short line of ASCII, whatever the variable holds", () => {
    const [message = ""] = messagesOf(() =>
      read({ LEVEL: `a\r\nb\u001b[2J${"x".repeat(10_000)}` }),
    );
    expect(message).toMatch(/^[ -~]{1,250}$/);
  });

  test("does not show the password in a wrong URL", () => {
    for (const URL of ["http://bob:secret@users:8000", "bob:secret@users", "http://u?p=secret"]) {
      expect(messagesOf(() => read({ URL })).join()).not.toContain("secret");
    }
  });

  test.each([
    ["postgres://bob:secret@db/users", "postgres..."],
    ["bob:secret@db", "bob..."],
    ["postgres://db/users?password=secret", "postgres..."],
  ])("does not show the password in the URL %s in the place of another value", (PORT, shown) => {
    expect(messagesOf(() => read({ PORT, LEVEL: PORT }))).toEqual([
      expect.stringContaining(`PORT "${shown}": `),
      expect.stringContaining(`LEVEL "${shown}": `),
    ]);
  });
});

const tracingDefaults = readConfig(tracingSettings, {});

describe("readServiceConfig()", () => {
  const engines = { sqlite: { migrations: [], stores: () => ({}) } };
  const service = {
    name: "x",
    database: "sqlite:data/x.db",
    engines,
    settings: { url: settings.url },
  };
  const readService = (environment: Environment) => readServiceConfig(service, environment);

  test("has a default for every variable", () => {
    expect(readService({})).toEqual({
      port: 8000,
      host: "::",
      databaseUrl: "sqlite:data/x.db",
      databasePoolSize: 10,
      logLevel: "info",
      publicUrl: "",
      corsOrigins: [],
      maxBodyBytes: 1_048_576,
      maxInFlight: 1024,
      idleTimeoutSeconds: 255,
      shutdownDrainMs: 0,
      shutdownGraceMs: 10_000,
      authIssuer: undefined,
      authJwks: undefined,
      authAudience: "x",
      authUserClaim: undefined,
      authMode: "enforce",
      ...tracingDefaults,
      url: "http://localhost:8000",
    });
  });

  test.each([
    ["PORT", 0, 65_535],
    ["DATABASE_POOL_SIZE", 1, 1000],
    ["MAX_BODY_BYTES", 1, 104_857_600],
    ["MAX_IN_FLIGHT", 1, 100_000],
    ["IDLE_TIMEOUT_SECONDS", 1, 255],
    ["SHUTDOWN_DRAIN_MS", 0, 300_000],
    ["SHUTDOWN_GRACE_MS", 1, 300_000],
  ])("takes for %s a whole number from %i to %i", (variable, min, max) => {
    const messages = (value: number) =>
      messagesOf(() => readService({ [variable]: String(value) }));
    expect(messages(min)).toEqual([]);
    expect(messages(max)).toEqual([]);
    expect(messages(min - 1)).toHaveLength(1);
    expect(messages(max + 1)).toHaveLength(1);
  });

  const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];
  test.each([
    ["HOST", "127.0.0.1", "host"],
    ["DATABASE_URL", "sqlite:/var/x.db", "databaseUrl"],
    ...levels.map((level) => ["LOG_LEVEL", level, "logLevel"] as const),
  ])("takes %s=%s", (variable, text, name) => {
    expect(readService({ [variable]: text })).toHaveProperty(name, text);
  });

  test.each([
    ["INFO", "info"],
    ["Warning", "warn"],
    ["CRITICAL", "fatal"],
    ["Silent", "silent"],
  ])("takes LOG_LEVEL=%s as %s", (text, level) => {
    expect(readService({ LOG_LEVEL: text })).toHaveProperty("logLevel", level);
  });

  test.each(["sqlite:///./users.db", "sqlite:////data/users.db"])(
    "refuses DATABASE_URL=%s, and names both right spellings",
    (DATABASE_URL) => {
      expect(messagesOf(() => readService({ DATABASE_URL }))).toEqual([
        "Cannot use DATABASE_URL: it must be sqlite: and the path of a file, such as " +
          "sqlite:data/x.db; write sqlite:NAME for a path from the working directory, or " +
          "sqlite:/NAME for an absolute path",
      ]);
    },
  );

  test("takes for DATABASE_URL no database in memory or of an engine that the service lacks", () => {
    for (const url of ["sqlite::memory:", "postgres://u:p@db/x", "data/x.db"]) {
      expect(messagesOf(() => readService({ DATABASE_URL: url }))).toEqual([
        "Cannot use DATABASE_URL: it must be sqlite: and the path of a file, such as " +
          "sqlite:data/x.db",
      ]);
    }
  });

  test("takes the URL of a server if the service has a store for it, and else shows no part of it", () => {
    const engine = { migrations: [], tables: [], stores: () => ({}) };
    const both = { ...service, engines: { sqlite: engine, postgres: async () => engine } };
    const readBoth = (url: string) => readServiceConfig(both, { DATABASE_URL: url });
    const url = "postgres://app:secret@db:5432/app?sslmode=verify-full";
    expect(readBoth(url).databaseUrl).toBe(url);
    expect(messagesOf(() => readBoth("postgres://app:secret@db,db2/app"))).toEqual([
      "Cannot use DATABASE_URL: it must be sqlite: and the path of a file, such as " +
        "sqlite:data/x.db, or postgres://user:password@host:5432/name; name one host: the " +
        "address that follows the primary",
    ]);
  });
});
