import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { codeBlocks } from "../../testing/code-blocks.ts";
import { hasPostgres, postgresDatabase } from "../../testing/postgres.ts";
import { addressOf } from "../../testing/postgres-storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { openPostgres } from "../../src/postgres/postgres-storage.ts";
import { serverPath } from "./server-path.ts";
import { temporaryPostgres } from "./temporary-postgres.ts";

const notes = "CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes VALUES (1)";
const tags = "CREATE TABLE tags (id int PRIMARY KEY)";
const secrets = `
  CREATE TABLE secrets (name text PRIMARY KEY, value bytea NOT NULL);
  INSERT INTO secrets VALUES ('cursor', decode(repeat('ab', 32), 'hex'))`;

const unreachable = { name: "StorageUnavailable", reason: "unreachable" };

/** The message with which opening fails. */
async function refusalOf(opening: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(opening);
  expect(error.name).toBe("StorageOpenError");
  expect(error.message).not.toContain("\n");
  return error.message;
}

/**
 * A role of the database's server, which ends with its scope.
 *
 * @param grants the statements that give it its rights
 */
async function temporaryRole(
  { admin, url }: Pick<Awaited<ReturnType<typeof temporaryPostgres>>, "admin" | "url">,
  grants: (role: string) => string,
) {
  const role = `opening_${crypto.randomUUID().replaceAll("-", "_")}`;
  await admin.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'; ${grants(role)}`);
  const ofRole = new URL(url);
  ofRole.username = role;
  ofRole.password = "secret";
  return {
    name: role,
    /** The database's, as the role. */
    url: ofRole.href,
    [Symbol.asyncDispose]: () => admin.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`),
  };
}

const rowRights = (role: string) =>
  `GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO ${role}`;

function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
}

describe.if(hasPostgres)("openPostgres()", () => {
  test.concurrent("runs the migrations that are missing, and no other", async () => {
    await using it = await temporaryPostgres();
    const first = await it.open({ migrations: [notes] });
    expect(await first.migrated).toMatchObject({ from: 0, to: 1 });
    const second = await it.open({ migrations: [notes, tags] });
    expect(await second.migrated).toMatchObject({ from: 1, to: 2 });
    const third = await it.open({ migrations: [notes, tags] });
    expect(await third.migrated).toEqual({ from: 2, to: 2, durationMs: 0 });
    expect(await third.read((sql) => sql`SELECT id FROM notes`)).toEqual([{ id: 1 }]);
  });

  test.concurrent("four at once on an empty database migrate it once", async () => {
    await using it = await temporaryPostgres();
    const migrations = [notes, tags];
    const storages = await Promise.all([1, 2, 3, 4].map(() => it.open({ migrations })));
    const migrated = await Promise.all(storages.map((storage) => storage.migrated));
    expect(migrated.map(({ from }) => from).toSorted((a, b) => a - b)).toEqual([0, 2, 2, 2]);
    const versions = await it.admin<object[]>`
      SELECT version FROM schema_migrations ORDER BY version`;
    expect([...versions]).toEqual([{ version: 1 }, { version: 2 }]);
  });

  test.concurrent.each([
    [
      "transactions that see one state of the database",
      "default_transaction_isolation = 'serializable'",
    ],
    // As CockroachDB has them. The tables are made in the same schema.
    ["advisory locks that lock nothing", "search_path = without_locks, pg_catalog"],
  ])("four at once migrate it once on a server with %s", async (_, setting) => {
    await using it = await temporaryPostgres();
    const [{ name } = { name: "" }] = await it.admin<{ name: string }[]>`
      SELECT current_database() AS name`;
    await it.admin.unsafe(`
      CREATE SCHEMA without_locks;
      CREATE FUNCTION without_locks.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS '';
      ALTER DATABASE ${name} SET ${setting}`);
    const slow = "CREATE TABLE slow AS SELECT pg_sleep(0.2)::text";
    const opening = [1, 2, 3, 4].map(() => it.open({ migrations: [notes, slow] }));
    const storages = await Promise.all(opening);
    await Promise.all(storages.map((storage) => storage.migrated));
    const [storage] = storages;
    const versions = await storage?.read((sql) => sql`SELECT version FROM schema_migrations`);
    expect([...(versions ?? [])]).toEqual([{ version: 1 }, { version: 2 }]);
  });

  test.concurrent("gives all storages the same secrets", async () => {
    await using it = await temporaryPostgres();
    const storages = await Promise.all([1, 2].map(() => it.open({ migrations: [secrets] })));
    for (const storage of storages) {
      expect(Buffer.from(storage.secret("cursor")).toString("hex")).toBe("ab".repeat(32));
      expect(() => storage.secret("request-digest")).toThrow('no secret named "request-digest"');
    }
  });

  test.concurrent("a migration that fails changes nothing, and names itself", async () => {
    await using it = await temporaryPostgres();
    const wrong = "CREATE TABLE more (id int); CREATE TABLE notes (id int)";
    expect(await refusalOf(it.open({ migrations: [notes, wrong] }))).toMatch(
      /^Cannot bring the database postgres:\/\/127.0.0.1:\d+\/\w+ to version 2: relation "notes" already exists; nothing was changed/,
    );
    const found = await it.admin<object[]>`SELECT to_regclass('notes') AS notes`;
    expect([...found]).toEqual([{ notes: null }]);
  });

  test.concurrent("refuses a schema of a newer program, and one that was edited", async () => {
    await using it = await temporaryPostgres();
    await it.open({ migrations: [notes, tags] });
    expect(await refusalOf(it.open({ migrations: [notes] }))).toContain(
      "it is at version 2 and this program knows 1; run a newer program",
    );
    expect(await refusalOf(it.open({ migrations: [notes, `${tags} --`] }))).toContain(
      "its version 2 was made by another program",
    );
  });

  test.concurrent.each([
    ["a table of the same name", "CREATE TABLE notes (number int)"],
    ["a function of the same name", "CREATE FUNCTION notes_of() RETURNS int RETURN 1"],
    ["a history of another form", "CREATE TABLE schema_migrations (version bigint, dirty bool)"],
  ])("a database of another program, with %s, is called that", async (_, foreign) => {
    await using it = await temporaryPostgres();
    await it.admin.unsafe(foreign);
    const migrations = [`${notes}; CREATE FUNCTION notes_of() RETURNS int RETURN 1`];
    expect(await refusalOf(it.open({ migrations }))).toMatch(
      /^Cannot use the database postgres:\S+: .* of another program; name the right database/,
    );
  });

  test.concurrent("a database without a schema that the role may use is refused with that reason", async () => {
    await using it = await temporaryPostgres();
    await it.admin.unsafe("DROP SCHEMA public");
    expect(await refusalOf(it.open({ migrations: [notes] }))).toEndWith(
      "this role may use no schema of its search_path; create one, or grant USAGE on it",
    );
  });

  test.concurrent("an up-to-date schema needs no right to change it, an older one names the right", async () => {
    await using it = await temporaryPostgres();
    await it.open({ migrations: [notes] });
    // Up to PostgreSQL 14 every role may create tables in the schema public.
    await it.admin.unsafe("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    await using role = await temporaryRole(it, rowRights);
    await it.open({ url: role.url, migrations: [notes] });
    expect(await refusalOf(it.open({ url: role.url, migrations: [notes, tags] }))).toContain(
      "this role lacks a right (permission denied for schema public); grant it, or run migrate as the owner",
    );
  });

  test.concurrent("a role that may not write a table is told so, and no write fails later", async () => {
    await using it = await temporaryPostgres();
    await it.open({ migrations: [notes, tags, secrets] });
    await using role = await temporaryRole(
      it,
      (name) => `
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name};
        GRANT INSERT, UPDATE ON notes TO ${name};
        GRANT INSERT ON tags TO ${name}`,
    );
    const open = () => it.open({ url: role.url, migrations: [notes, tags, secrets] });
    expect(await refusalOf(open())).toEndWith(
      "this role may not read and write the rows of tags; grant it that for all tables",
    );
    await it.admin.unsafe(`GRANT UPDATE (id) ON tags TO ${role.name}`);
    await open();
  });

  test.concurrent("a role with the rights of docs/postgresql.md may use the tables of later migrations too", async () => {
    const page = Bun.file(new URL("../../../docs/postgresql.md", import.meta.url));
    const [grants = ""] = codeBlocks(await page.text())
      .map(({ code }) => code)
      .filter((code) => code.startsWith("GRANT "));
    await using it = await temporaryPostgres();
    await it.open({ migrations: [notes] });
    await using role = await temporaryRole(it, (name) =>
      grants.replaceAll("user_service_rows", name),
    );
    await it.open({ migrations: [notes, tags, secrets] });
    const storage = await it.open({ url: role.url, migrations: [notes, tags, secrets] });
    expect(await storage.read((sql) => sql`SELECT id FROM tags`)).toEqual([]);
  });

  test.concurrent("a right that is taken away later makes it unavailable and not ready, and is told once", async () => {
    await using it = await temporaryPostgres();
    await it.open({ migrations: [notes] });
    await using role = await temporaryRole(it, rowRights);
    const told: string[] = [];
    const changes: boolean[] = [];
    const storage = await it.open({
      url: role.url,
      migrations: [notes],
      rightMissed: (reason) => void told.push(reason),
      reachabilityChanged: (isReachable) => void changes.push(isReachable),
    });
    const insert = (id: number) =>
      storage.write((sql) => sql`INSERT INTO notes VALUES (${id}) RETURNING id`);
    const select = () => storage.read((sql) => sql`SELECT id FROM notes ORDER BY id`);
    await it.admin.unsafe(`REVOKE INSERT ON notes FROM ${role.name}`);
    for (let n = 0; n < 3; n += 1) {
      expect(await rejectionOf(insert(2))).toMatchObject(unreachable);
      expect(await select()).toEqual([{ id: 1 }]);
      expect(await rejectionOf(storage.ping())).toMatchObject(unreachable);
    }
    await it.admin.unsafe(`REVOKE SELECT ON notes FROM ${role.name}`);
    expect(await rejectionOf(select())).toMatchObject(unreachable);
    expect(told).toEqual([
      "this role lacks a right (permission denied for table notes); grant it, or run migrate as the owner",
    ]);

    await it.admin.unsafe(`GRANT SELECT, INSERT ON notes TO ${role.name}`);
    await storage.ping();
    await insert(2);
    expect(await select()).toEqual([{ id: 1 }, { id: 2 }]);
    // It is no right that a start asks for: the others are served.
    const remove = () => storage.write((sql) => sql`DELETE FROM notes RETURNING id`);
    expect(await rejectionOf(remove())).toMatchObject(unreachable);
    await storage.ping();
    expect(changes).toEqual([]);
  });

  test.concurrent("a schema that is taken away later makes it unavailable and not ready, and is told once", async () => {
    await using it = await temporaryPostgres();
    await it.open({ migrations: [notes] });
    await using role = await temporaryRole(it, rowRights);
    const told: string[] = [];
    const storage = await it.open({
      url: role.url,
      migrations: [notes],
      rightMissed: (reason) => void told.push(reason),
    });
    const insert = () => storage.write((sql) => sql`INSERT INTO notes VALUES (2) RETURNING id`);
    const select = () => storage.read((sql) => sql`SELECT id FROM notes ORDER BY id`);
    expect(await select()).toEqual([{ id: 1 }]);
    await it.admin.unsafe("REVOKE USAGE ON SCHEMA public FROM PUBLIC");
    for (const statement of [insert, select, storage.ping]) {
      expect(await rejectionOf(statement())).toMatchObject(unreachable);
    }
    expect(told).toEqual([
      'this role finds no table (relation "notes" does not exist); grant USAGE on its schema, or set search_path',
    ]);

    await it.admin.unsafe("GRANT USAGE ON SCHEMA public TO PUBLIC");
    await storage.ping();
    await insert();
    expect(await select()).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test.concurrent("refuses a database that is not in UTF-8", async () => {
    await using database = await postgresDatabase();
    await using admin = new SQL(database.url, { max: 1 });
    const name = `latin1_${process.pid}`;
    await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'`);
    try {
      const url = new URL(database.url);
      url.pathname = `/${name}`;
      const options = { address: addressOf(url.href), migrations: [notes], poolSize: 1 };
      expect(await refusalOf(openPostgres(options))).toEndWith(
        "its encoding is LATIN1; create it with ENCODING 'UTF8'",
      );
    } finally {
      await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  });

  test.concurrent("refuses a database that does not exist, and a role that does not exist", async () => {
    await using it = await temporaryPostgres();
    const missing = new URL(it.url);
    missing.pathname = "/no_such_database";
    expect(await refusalOf(it.open({ url: missing.href }))).toEndWith(
      "the server has no such database; create it",
    );
    const stranger = new URL(it.url);
    stranger.username = "no_such_role";
    stranger.password = "s3cret";
    const refusal = await refusalOf(it.open({ url: stranger.href }));
    expect(refusal).toEndWith("the server refuses this user or its password; check both");
    expect(refusal).not.toContain("s3cret");
  });

  test.concurrent("refuses a server without TLS if the URL demands it, and takes it otherwise", async () => {
    await using it = await temporaryPostgres();
    for (const mode of ["disable", "allow", "prefer"]) {
      const storage = await it.open({ url: withParameter(it.url, "sslmode", mode) });
      await storage.ping();
    }
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      expect(await refusalOf(it.open({ url: withParameter(it.url, "sslmode", mode) }))).toEndWith(
        "the server offers no TLS; switch it on there, or set another sslmode",
      );
    }
    const url = withParameter(it.url, "sslrootcert", "/no/such/file");
    expect(await refusalOf(it.open({ url }))).toEndWith(
      'there is no file "/no/such/file"; check sslrootcert',
    );
  });

  test.concurrent.each(["refuses connections", "is silent"])(
    "resolves while the server %s, and serves as soon as it is there",
    async (trouble) => {
      await using it = await temporaryPostgres();
      const path = serverPath(it.url);
      it.defer(path);
      const isSilent = trouble === "is silent";
      if (isSilent) path.freeze(true);
      else path.close();
      const changes: (boolean | string)[] = [];
      const storage = await it.open({
        url: path.url,
        migrations: [secrets],
        reachabilityChanged: (isReachable, reason) => changes.push(isReachable, reason),
      });
      expect(await rejectionOf(storage.ping())).toMatchObject(unreachable);
      expect(await rejectionOf(storage.read((sql) => sql`SELECT 1`))).toMatchObject(unreachable);
      expect(() => storage.secret("cursor")).toThrow("The storage cannot be reached");
      if (isSilent) path.thaw();
      else path.open();
      expect(await storage.migrated).toMatchObject({ from: 0, to: 1 });
      await storage.ping();
      expect(storage.secret("cursor")).toHaveLength(32);
      expect(changes).toEqual([
        false,
        expect.stringMatching(/^(?:no server answers|the server)/),
        true,
        "",
      ]);
    },
  );

  test.concurrent("a path that goes silent during a migration delays it by seconds, and it is done once", async () => {
    await using it = await temporaryPostgres();
    const path = serverPath(it.url);
    it.defer(path);
    const slow = `${notes}; SELECT pg_sleep(1)`;
    const opening = it.open({ url: path.url, migrations: [slow] });
    for (let isMigrating = false; !isMigrating;) {
      const found = await it.admin`
        SELECT 1
        FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`;
      isMigrating = found.length > 0;
    }
    path.freeze();
    const frozenAt = performance.now();
    const storage = await opening;
    expect(await storage.migrated).toMatchObject({ from: 0, to: 1 });
    expect(performance.now() - frozenAt).toBeLessThan(10_000);
    expect([...(await it.admin<object[]>`SELECT id FROM notes`)]).toEqual([{ id: 1 }]);
  });

  test.concurrent("a server that comes back with another schema is refused then", async () => {
    await using it = await temporaryPostgres();
    await it.open({ migrations: [notes, tags] });
    const path = serverPath(it.url);
    it.defer(path);
    path.close();
    const storage = await it.open({ url: path.url, migrations: [notes] });
    const refusal = refusalOf(storage.migrated);
    path.open();
    expect(await refusal).toContain("run a newer program");
  });

  test.concurrent("close() gives up a server that is away", async () => {
    await using it = await temporaryPostgres();
    const path = serverPath(it.url);
    path.close();
    const storage = await it.open({ url: path.url });
    await storage.close();
    expect((await rejectionOf(storage.ping())).message).toContain("closed");
  });
});
