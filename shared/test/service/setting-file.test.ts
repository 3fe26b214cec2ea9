// A setting whose value is in a file: for secrets, which `docker inspect` and `ps` show in a variable.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { readServiceConfig } from "../../src/service/definition.ts";
import { ConfigError } from "../../src/service/env.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";

const engine = { migrations: [], tables: [], stores: () => ({}) };
const engines = { sqlite: engine, postgres: async () => engine };
const service = { name: "x", database: "sqlite:data/x.db", engines, settings: {} };

/** What the service makes of its variables: the URL of its database, or the lines for the operator. */
function read(variables: Record<string, string>): string | readonly string[] {
  try {
    return readServiceConfig(service, variables).databaseUrl;
  } catch (error) {
    if (error instanceof ConfigError) return error.messages;
    throw error;
  }
}

/** What the service makes of a file with this text. */
async function readFile(text: string, variables: Record<string, string> = {}) {
  await using folder = temporaryFolder();
  const file = join(folder.path, "url");
  await Bun.write(file, text);
  return read({ ...variables, DATABASE_URL_FILE: file });
}

describe("DATABASE_URL_FILE", () => {
  const url = "postgres://app:secret@db:5432/app";

  test.each([url, `${url}\n`, ` ${url}\r\n`])("takes the URL of the file %j", async (text) => {
    expect(await readFile(text)).toBe(url);
  });

  test("counts as not set if it is empty, and lets an empty DATABASE_URL count as not set", async () => {
    expect(read({ DATABASE_URL_FILE: "", DATABASE_URL: url })).toBe(url);
    expect(read({ DATABASE_URL_FILE: "" })).toBe("sqlite:data/x.db");
    expect(await readFile(url, { DATABASE_URL: "" })).toBe(url);
  });

  test("is refused beside DATABASE_URL, of which one would be ignored", async () => {
    expect(await readFile(url, { DATABASE_URL: "sqlite:/data/x.db" })).toEqual([
      "Cannot use DATABASE_URL_FILE: DATABASE_URL is set too; set one of the two",
    ]);
  });

  test.each(["", "\n"])("is refused with the empty file %j", async (text) => {
    expect(await readFile(text)).toEqual(["Cannot use DATABASE_URL_FILE: the file is empty"]);
  });

  test("is refused with a text that is no URL of a database, of which no part is shown", async () => {
    expect(await readFile("postgres://app:secret@db,db2/app")).toEqual([
      "Cannot use the file of DATABASE_URL_FILE: it must have sqlite: and the path of a file, such " +
        "as sqlite:data/x.db, or postgres://user:password@host:5432/name; name one host: the " +
        "address that follows the primary",
    ]);
  });

  test("is refused if the file cannot be read, and a URL in place of the path is not shown", () => {
    const message = (why: string) => [`Cannot use DATABASE_URL_FILE: ${why}`];
    expect(read({ DATABASE_URL_FILE: url })).toEqual(
      message("there is no such file or folder; check the path"),
    );
    expect(read({ DATABASE_URL_FILE: import.meta.dir })).toEqual(
      message("it is a folder; name a file"),
    );
    expect(read({ DATABASE_URL_FILE: "a\0b" })).toEqual(
      message("the file cannot be read; check the path"),
    );
  });
});
