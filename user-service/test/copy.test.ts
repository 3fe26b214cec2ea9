// The commands that copy a database from one engine to the other: what clients keep, what is refused.
import { describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { readdir } from "node:fs/promises";
import { spawnExecutable, type Running } from "@platform/shared/testing/executable";
import { hasPostgres, postgresDatabase } from "@platform/shared/testing/postgres";
import { processTests } from "@platform/shared/testing/process-tests";
import { sending } from "@platform/shared/testing/work-counter";
import { post } from "./executable.ts";

const { start, run, path } = processTests();
const service = "user-service";

/** A response as a client keeps it. */
interface Seen {
  readonly status: number;
  readonly etag: string | null;
  readonly next: string | undefined;
  readonly body: unknown;
}

async function seen(running: Running, url: string, init?: RequestInit): Promise<Seen> {
  const response = await running.fetch(url, init);
  const { status, headers } = response;
  const next = /^<([^>]+)>/.exec(headers.get("link") ?? "")?.[1];
  return { status, etag: headers.get("etag"), next, body: await response.json() };
}

describe.if(hasPostgres)("copy-to", () => {
  test.each(["PostgreSQL", "SQLite"])(
    "to %s keeps what clients have: pages, tags, and keys with their responses",
    async (engine) => {
      await using database = await postgresDatabase();
      const urls = { SQLite: "sqlite:users.db", PostgreSQL: database.url };
      const [from, to] =
        engine === "PostgreSQL" ? [urls.SQLite, urls.PostgreSQL] : [urls.PostgreSQL, urls.SQLite];
      const keyed = sending(
        "POST",
        { name: "Zoë", email: "zoe@example.com" },
        { "idempotency-key": "k" },
      );
      const deleted = sending(
        "POST",
        { name: "X", email: "x@example.com" },
        { "idempotency-key": "x" },
      );

      const old = await start(service, { DATABASE_URL: from });
      for (let n = 0; n < 5; n += 1) await old.fetch("/users", post(n));
      const created = await seen(old, "/users", keyed);
      const { body } = await seen(old, "/users", deleted);
      await old.fetch(`/users/${(body as { id: string }).id}`, { method: "DELETE" });
      const halves = await Promise.all([
        seen(old, "/users?limit=3&sort=name"),
        seen(old, "/users?limit=3&sort=-created_at"),
      ]);
      const rest = await Promise.all(halves.map(({ next = "" }) => seen(old, next)));
      old.kill("SIGTERM");
      await old.exited;

      const copied = await run(service, ["copy-to", to], { DATABASE_URL: from });
      expect(copied).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("\nusers: 6 rows, "),
      });
      await using running = await start(service, { DATABASE_URL: to });
      expect(await Promise.all(halves.map(({ next = "" }) => seen(running, next)))).toEqual(rest);
      expect(await seen(running, "/users", keyed)).toEqual(created);
      expect(await seen(running, "/users", deleted)).toMatchObject({ status: 404 });
      const { id } = created.body as { id: string };
      const match = { "if-match": created.etag ?? "" };
      const change = sending("PATCH", { name: "Zoe" }, match);
      expect(await seen(running, `/users/${id}`, change)).toMatchObject({ status: 200 });
    },
  );

  test("prints a line before and what it copied after, no password, and fails with one line", async () => {
    await using database = await postgresDatabase();
    const url = new URL(database.url);
    const name = `postgres://${url.host}${url.pathname}`;
    const missing = await run(service, ["copy-to", database.url]);
    expect(missing).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^user-service: Cannot copy \S+ to \S+: there is no database [^\n]+\n$/,
      ),
    });
    expect(await readdir(path())).toEqual([]);
    await run(service, ["migrate"]);
    const copied = await run(service, ["copy-to", database.url]);
    expect(copied).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        /^secrets: 2 rows, SHA-256 [0-9a-f]{64}\nusers: 0 rows, [^\n]+\nidempotency_keys: 0 [^\n]+\n[^\n]+ is a copy of [^\n]+\n$/,
      ),
      stderr: `Copying ${path("data/user_service.db")} to ${name}\n`,
    });
    await Bun.write(path("url"), `${database.url}\n`);
    const full = await run(service, ["copy-to", "./url"]);
    expect(full).toMatchObject({ status: 0, stdout: copied.stdout });
    url.password = "s3cret";
    url.username = "no_such_role";
    const refused = await run(service, ["copy-to", url.href]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toEndWith(
      `to ${name}: the server refuses this user or its password; check both\n`,
    );
    expect(refused.stderr + refused.stdout).not.toContain("s3cret");
  });

  test("says that the copy may be stored if Ctrl-C ends it while PostgreSQL commits", async () => {
    await using database = await postgresDatabase();
    await run(service, ["migrate"], { DATABASE_URL: database.url });
    await run(service, ["migrate"]);
    await using admin = new SQL(database.url, { max: 1 });
    await admin.unsafe(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON secrets INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`);
    await admin.close();
    const copying = spawnExecutable(service, ["copy-to", database.url], {
      cwd: path(),
      stdout: "ignore",
    });
    const told = copying.stderr.text();
    await using watch = new SQL(database.url, { max: 1, database: "postgres" });
    const { pathname } = new URL(database.url);
    while (
      (
        await watch`
          SELECT 1 FROM pg_stat_activity
          WHERE datname = ${pathname.slice(1)} AND query = 'COMMIT' AND state = 'active'`
      ).length === 0
    );
    copying.kill("SIGINT");
    expect(await copying.exited).toBe(1);
    expect(await told).toMatch(
      / the session has ended while the server committed [^\n]+ is not empty, and complete\n$/,
    );
  });

  test.each([
    ["sqlite:other.db", 1, "both are SQLite files; use backup"],
    [
      "postgres://u:s3cret@127.0.0.1:1/x",
      1,
      "no server answers there; start it, or check the address",
    ],
    ["postgres://u:s3cret@db,db2/x", 2, "name one host"],
    ["./no-such-file", 1, 'Cannot read the URL in "./no-such-file": there is no such file'],
    [
      "mysql://u:s3cret@db/x",
      2,
      "URL must be sqlite: and the path of a file, postgres://user:password@host:5432/name, or the " +
        "path of a file with one of these, which begins with / or ./",
    ],
  ])("to %s is refused without the password, and makes no file", async (url, status, words) => {
    await run(service, ["migrate"]);
    const outcome = await run(service, ["copy-to", url]);
    expect(outcome).toEqual({ status, stdout: "", stderr: expect.stringContaining(words) });
    expect(outcome.stderr).not.toContain("s3cret");
    expect(await readdir(path())).toEqual(["data"]);
  });

  test("from PostgreSQL to PostgreSQL is refused with the server's own tools", async () => {
    const env = { DATABASE_URL: "postgres://u:s3cret@127.0.0.1:1/x" };
    const outcome = await run(service, ["copy-to", "postgres://u:s3cret@127.0.0.1:1/y"], env);
    expect(outcome).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "user-service: Cannot copy to postgres://127.0.0.1:1/y: both are PostgreSQL databases; use " +
        "pg_dump and pg_restore\n",
    });
  });

  test("to the database of the other service is refused, and changes nothing there", async () => {
    await using database = await postgresDatabase();
    await run("order-service", ["migrate"], { DATABASE_URL: database.url });
    await run(service, ["migrate"]);
    const outcome = await run(service, ["copy-to", database.url]);
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toContain("was made by another program");
  });
});

describe.if(hasPostgres)("move-to", () => {
  test.each(["PostgreSQL", "SQLite"])(
    "to %s refuses writes to the old database, and no reads, until a signal ends it",
    async (engine) => {
      await using database = await postgresDatabase();
      const urls = { SQLite: "sqlite:users.db", PostgreSQL: database.url };
      const [from, to] =
        engine === "PostgreSQL" ? [urls.SQLite, urls.PostgreSQL] : [urls.PostgreSQL, urls.SQLite];
      await using old = await start(service, { DATABASE_URL: from });
      await old.fetch("/users", post(1));
      const moving = spawnExecutable(service, ["move-to", to], {
        cwd: path(),
        env: { DATABASE_URL: from },
        stdout: "pipe",
      });
      let printed = "";
      for await (const chunk of moving.stdout) {
        printed += new TextDecoder().decode(chunk);
        if (printed.includes(" is a copy of ")) break;
      }
      const refused = await old.fetch("/users", post(2));
      expect(refused.status).toBe(503);
      expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
      expect((await old.fetch("/users")).status).toBe(200);
      expect((await old.fetch("/ready")).status).toBe(200);
      moving.kill("SIGINT");
      expect(await moving.exited).toBe(0);
      expect((await old.fetch("/users", post(2))).status).toBe(201);
    },
  );

  test("says so and fails if PostgreSQL ends the session that keeps services from writing", async () => {
    await using database = await postgresDatabase();
    await using old = await start(service, { DATABASE_URL: database.url });
    const moving = spawnExecutable(service, ["move-to", "sqlite:users.db"], {
      cwd: path(),
      env: { DATABASE_URL: database.url },
      stdout: "pipe",
    });
    const printed = moving.stdout.text();
    let told = "";
    for await (const chunk of moving.stderr) {
      told += new TextDecoder().decode(chunk);
      if (!told.includes("No service can write")) continue;
      await using admin = new SQL(database.url, { max: 1 });
      await admin`
        SELECT pg_terminate_backend(pid, 5000)
        FROM pg_locks
        WHERE mode = 'ExclusiveLock' AND relation = 'users'::regclass`;
      told = "";
    }
    expect(await moving.exited).toBe(1);
    expect(await printed).toContain(" is a copy of ");
    expect(told).toMatch(
      /^user-service: Services may have written to postgres:\S+ since it was copied: the server ended the session; [^\n]+\n$/,
    );
    expect((await old.fetch("/users", post(1))).status).toBe(201);
  });
});

test.each(["backup copy.db", "backup-rotate copies 2", "restore copy.db"])(
  "%s on PostgreSQL names the tools to use instead, and exits with 1",
  async (line) => {
    const env = { DATABASE_URL: "postgres://u:s3cret@127.0.0.1:1/x" };
    const { status, stdout, stderr } = await run(service, line.split(" "), env);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^[^\n]+ pg_dump [^\n]+ copy-to [^\n]+\n$/);
    expect(stderr).not.toContain("s3cret");
  },
);
