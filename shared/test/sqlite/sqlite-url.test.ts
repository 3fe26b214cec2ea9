import { describe, expect, test } from "bun:test";
import { parseSqliteUrl, sqliteUrlRemedy } from "../../src/sqlite/sqlite-url.ts";

describe("parseSqliteUrl()", () => {
  test.each([
    ["sqlite:data/x.db", "data/x.db"],
    ["sqlite:x.db", "x.db"],
    ["sqlite:./x.db", "./x.db"],
    ["sqlite:/data/x.db", "/data/x.db"],
    ["SQLITE:x.db", "x.db"],
    ["sqlite:/data/my orders.db", "/data/my orders.db"],
  ])("reads in %s the path %s", (url, path) => {
    expect(parseSqliteUrl(url)).toBe(path);
  });

  test.each([
    "",
    "sqlite:",
    "sqlite:/",
    "sqlite://",
    "sqlite:///",
    "sqlite:data/",
    "sqlite:..",
    "sqlite://host/x.db",
    "sqlite:///data/x.db",
    "sqlite:///./x.db",
    "sqlite:////data/x.db",
    "sqlite+aiosqlite:///x.db",
    "sqlite:file:x.db",
    "sqlite:~/x.db",
    "sqlite: x.db",
    "sqlite:x.db ",
    'sqlite:"x.db"',
    "sqlite::memory:",
    "sqlite:///:memory:",
    "sqlite:x.db?mode=memory",
    "sqlite:x.db#1",
    "sqlite:x%20y.db",
    "sqlite:x\n.db",
    " sqlite:x.db",
    "file:x.db",
    "data/x.db",
    "postgres://host/x",
  ])("returns undefined for %j", (url) => {
    expect(parseSqliteUrl(url)).toBeUndefined();
  });
});

describe("sqliteUrlRemedy()", () => {
  test.each(["sqlite:///x.db", "sqlite:////x.db", "sqlite://x.db", "sqlite+aiosqlite:///x.db"])(
    "names for %s both right spellings, since it means other paths elsewhere",
    (url) => expect(sqliteUrlRemedy(url)).toMatch(/sqlite:NAME .* sqlite:\/NAME /),
  );

  test("says that ~ is not the home directory", () => {
    expect(sqliteUrlRemedy("sqlite:~/x.db")).toBe("write the path of the home directory for ~");
  });

  test("knows nothing about other texts", () => {
    for (const url of ["postgres://db/x", "x.db", "file:x.db"]) {
      expect(sqliteUrlRemedy(url)).toBeUndefined();
    }
  });
});
