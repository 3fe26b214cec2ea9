// What an operator sees when a service starts on a PostgreSQL database: one that is empty, and one that
// it must not use.
import { describe, expect, test } from "bun:test";
import { hasPostgres } from "../../shared/testing/postgres.ts";
import type { Running } from "../../shared/testing/executable.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { leaksInLine, leaksInResponse, leaksOnStderr, secret } from "../secrets/secret-words.ts";
import { bodyOfStatus, fetchClient, type Send } from "../support/clients.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { healthy, user } from "../support/platform/fake-user-service.ts";
import { newOrder, newUser, type Order, type User } from "../support/platform/resources.ts";
import { watchReadiness } from "../support/readiness.ts";
import { createDatabase, type TestDatabase } from "./startup-databases.ts";

const { start, run } = processTests();
const password = secret("password");

const services = [
  { service: "user-service", path: "/users", newResource: newUser },
  { service: "order-service", path: "/orders", newResource: (n: number) => newOrder(user.id, n) },
] as const;

const other = { "user-service": "order-service", "order-service": "user-service" } as const;

/** A database that no service may use. */
interface Refused {
  readonly what: string;
  /** What the service's line tells the operator. */
  readonly remedy: string;
  /** Of CREATE DATABASE. */
  readonly options?: string;
  /** May resolve with the URL that the service is given, where it is not the owner's. */
  prepare?(database: TestDatabase): Promise<string | void>;
}

async function isReady({ url }: Running): Promise<void> {
  await using readiness = watchReadiness(url);
  await readiness.until(true);
}

const create = (send: Send, path: string, json: unknown, key: string) =>
  send("POST", path, { json, headers: { "idempotency-key": key } });

describe.if(hasPostgres).each(services)("$service", ({ service, path, newResource }) => {
  test("four processes on an empty database migrate it once, and share cursors and keys", async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await createDatabase());
    const { url: USER_SERVICE_URL } = stack.use(await startFakeUpstream(healthy));
    const env = { DATABASE_URL: database.url, USER_SERVICE_URL };
    const replicas = await Promise.all([1, 2, 3, 4].map(() => start(service, env)));
    for (const replica of replicas) stack.use(replica);
    await Promise.all(replicas.map(isReady));

    const migrated = replicas.flatMap(({ lines }) => lines.filter(({ msg }) => msg === "migrated"));
    expect(migrated).toEqual([expect.objectContaining({ from: 0 })]);
    const versions = await database.admin<{ version: number }[]>`
      SELECT version FROM schema_migrations ORDER BY version`;
    const { to } = migrated[0] ?? {};
    expect(versions.map(({ version }) => version)).toEqual(
      Array.from({ length: Number(to) }, (_, index) => index + 1),
    );

    const sends = replicas.map(({ url }) => fetchClient(url));
    const [first, ...others] = sends;
    if (first === undefined) throw new Error("No replica");
    for (const n of [1, 2])
      bodyOfStatus(await create(first, path, newResource(n), `key-${n}`), 201);
    const { headers } = await first("GET", `${path}?limit=1`);
    const next = /^<([^>]+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
    for (const send of others) {
      expect(bodyOfStatus(await send("GET", next ?? ""), 200)).toHaveLength(1);
      const repeated = await create(send, path, newResource(1), "key-1");
      bodyOfStatus(repeated, 201);
      expect(repeated.headers.get("idempotent-replayed")).toBe("true");
    }
  });

  const migrate = ({ url }: TestDatabase, name: string = service) =>
    run(name, ["migrate"], { DATABASE_URL: url });
  const owner = "grant it, or run migrate as the owner";

  test.each<Refused>([
    {
      what: "the other service's database",
      remedy: "name the right database",
      prepare: async (database) => void (await migrate(database, other[service])),
    },
    {
      what: "a database with a table of another program",
      remedy: "name the right database",
      prepare: async ({ admin }) =>
        void (await admin.unsafe(`CREATE TABLE ${path.slice(1)} (id int)`)),
    },
    {
      what: "a database that another migration tool keeps",
      remedy: "name the right database",
      prepare: async ({ admin }) =>
        void (await admin`CREATE TABLE schema_migrations (version bigint)`),
    },
    {
      what: "a schema of a newer version",
      remedy: "run a newer program",
      async prepare(database) {
        await migrate(database);
        await database.admin`INSERT INTO schema_migrations VALUES (99, 'later')`;
      },
    },
    {
      what: "a database in LATIN1",
      remedy: "create it with ENCODING 'UTF8'",
      options: "ENCODING LATIN1 LOCALE 'C'",
    },
    {
      what: "a role without a right, and an empty database",
      remedy: owner,
      prepare: ({ makeRole }) => makeRole(password),
    },
    {
      what: "a role without a right, and a schema that is up to date",
      remedy: owner,
      async prepare(database) {
        await migrate(database);
        return database.makeRole(password);
      },
    },
    {
      what: "a role that may read rows and not write them",
      remedy: "grant it that for all tables",
      async prepare(database) {
        await migrate(database);
        const url = await database.makeRole(password);
        const { username } = new URL(url);
        await database.admin.unsafe(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${username}`);
        return url;
      },
    },
    {
      what: "a wrong password",
      remedy: "check both",
      async prepare({ makeRole }) {
        const url = new URL(await makeRole(secret("stored")));
        url.password = password;
        return url.href;
      },
    },
    {
      what: "a server without TLS under sslmode=require",
      remedy: "switch it on there, or set another sslmode",
      prepare: ({ url }) => Promise.resolve(url.replace(/(?:\?.*)?$/, "?sslmode=require")),
    },
  ])("refuses $what with one line that says: $remedy", async ({ remedy, prepare, options }) => {
    await using database = await createDatabase(options);
    const DATABASE_URL = (await prepare?.(database)) ?? database.url;
    const tables = await database.tables();
    for (const command of ["serve", "migrate"]) {
      const env = { DATABASE_URL, HOST: "127.0.0.1", PORT: "0" };
      const { status, stdout, stderr } = await run(service, [command], env);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^${service}: Cannot use the database [^\n]+\n$`));
      expect(stderr).toContain(remedy);
      expect(leaksOnStderr(stderr)).toEqual([]);
    }
    expect(await database.tables()).toEqual(tables);
  });

  test("serves with a role that may read and write rows alone, if the schema is up to date", async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await createDatabase());
    expect(await migrate(database)).toMatchObject({ status: 0, stderr: "" });
    const DATABASE_URL = await database.makeRole(password);
    await database.admin.unsafe(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public
       TO ${new URL(DATABASE_URL).username}`,
    );
    const { url: USER_SERVICE_URL } = stack.use(await startFakeUpstream(healthy));
    const running = stack.use(await start(service, { DATABASE_URL, USER_SERVICE_URL }));
    await isReady(running);
    const send = fetchClient(running.url);
    const response = await create(send, path, newResource(1), "key");
    const { id } = bodyOfStatus(response, 201) as User | Order;
    const replayed = await create(send, path, newResource(1), "key");
    expect(replayed.headers.get("idempotent-replayed")).toBe("true");
    const change = service === "user-service" ? { name: "Renamed" } : { status: "confirmed" };
    bodyOfStatus(await send("PATCH", `${path}/${id}`, { json: change }), 200);
    expect(bodyOfStatus(await send("GET", path), 200)).toMatchObject([{ id, ...change }]);
    if (service === "user-service") bodyOfStatus(await send("DELETE", `${path}/${id}`), 204);
  });

  test("is 503 and not ready while a right is taken away, and its log says once what to grant", async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await createDatabase());
    await migrate(database);
    const DATABASE_URL = await database.makeRole(password);
    const role = new URL(DATABASE_URL).username;
    const tables = "ON ALL TABLES IN SCHEMA public";
    await database.admin.unsafe(`GRANT ALL ${tables} TO ${role}`);
    const { url: USER_SERVICE_URL } = stack.use(await startFakeUpstream(healthy));
    const running = stack.use(await start(service, { DATABASE_URL, USER_SERVICE_URL }));
    const readiness = stack.use(watchReadiness(running.url));
    await readiness.until(true);
    const send = fetchClient(running.url);

    await database.admin.unsafe(`REVOKE ALL ${tables} FROM ${role}`);
    const responses = [
      await create(send, path, newResource(1), "key"),
      await send("GET", path),
      await send("GET", `${path}/${user.id}`),
    ];
    for (const response of responses) {
      expect(bodyOfStatus(response, 503)).toMatchObject({ code: "storage-unavailable" });
    }
    await readiness.until(false);
    const told = running.lines.filter(({ msg }) => msg === "database refuses statements");
    expect(told).toMatchObject([
      {
        msg: "database refuses statements",
        reason: expect.stringMatching(
          /^this role lacks a right \(permission denied for table \w+\); /,
        ),
      },
    ]);

    await database.admin.unsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ${tables} TO ${role}`);
    await readiness.until(true);
    bodyOfStatus(await create(send, path, newResource(1), "key"), 201);
  });

  test("shows no password when the server refuses it later, and serves when it is right again", async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await createDatabase());
    await migrate(database);
    const DATABASE_URL = await database.makeRole(password);
    const role = new URL(DATABASE_URL).username;
    await database.admin.unsafe(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    const running = stack.use(await start(service, { DATABASE_URL, LOG_LEVEL: "trace" }));
    const readiness = stack.use(watchReadiness(running.url));
    await readiness.until(true);

    await database.admin.unsafe(`ALTER ROLE ${role} PASSWORD '${secret("stored")}'`);
    const lost = "database cannot be reached";
    const refusal = "the server refuses this user or its password; check both";
    // A session that is just beginning is not in the server's list yet.
    while (!running.lines.some((line) => Bun.deepMatch({ msg: lost, reason: refusal }, line))) {
      await database.admin`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${role}`;
    }
    await readiness.until(false);
    const responses = await Promise.all(
      ["/ready", path, `${path}/${user.id}`].map((url) => running.fetch(url)),
    );
    expect(responses.map(({ status }) => status)).toEqual([503, 503, 503]);
    const texts = await Promise.all(responses.map((response) => response.text()));
    expect(texts.flatMap((text) => leaksInResponse(text))).toEqual([]);
    const metrics = await (await running.fetch("/metrics")).text();
    expect(leaksInResponse(metrics)).toEqual([]);
    await database.admin.unsafe(`ALTER ROLE ${role} PASSWORD '${password}'`);
    await readiness.until(true);
    bodyOfStatus(await fetchClient(running.url)("GET", path), 200);
    expect(running.lines.flatMap((line) => leaksInLine(JSON.stringify(line)))).toEqual([]);
  });
});

describe.if(hasPostgres)("user-service on a database with Turkish rules", () => {
  test("lists names in code point order, and lets no two users have one address", async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(
      await createDatabase("ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'"),
    );
    const [rules] = await database.admin<{ lower: string; is_first: boolean }[]>`
      SELECT lower('INFO'), 'a' < 'B' AS is_first`;
    expect(rules).toEqual({ lower: "ınfo", is_first: true });
    const running = stack.use(await start("user-service", { DATABASE_URL: database.url }));
    const send = fetchClient(running.url);

    const names = ["ı", "Z", "a", "İ", "é", "\u{1f642}", "B", "\uffe5", "i", "I", "ab", "a b"];
    for (const [n, name] of names.entries()) {
      const json = { name, email: `user${n}@example.com` };
      bodyOfStatus(await send("POST", "/users", { json }), 201);
    }
    // UTF-8 keeps the order of code points.
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const listed: string[] = [];
    for (let next: string | undefined = "/users?sort=name&limit=5"; next !== undefined;) {
      const page = await send("GET", next);
      listed.push(...(bodyOfStatus(page, 200) as User[]).map(({ name }) => name));
      next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(listed).toEqual(sorted);

    const info = { name: "Info", email: "INFO@EXAMPLE.COM" };
    const { id } = bodyOfStatus(await send("POST", "/users", { json: info }), 201) as User;
    const twin = { name: "Twin", email: "info@example.com" };
    bodyOfStatus(await send("POST", "/users", { json: twin }), 409);
    for (const email of ["info@example.com", "INFO@example.com"]) {
      expect(bodyOfStatus(await send("GET", `/users?email=${email}`), 200)).toMatchObject([{ id }]);
    }
  });
});
