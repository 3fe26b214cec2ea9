// Services that check the certificate of their PostgreSQL server.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, rename, rm, writeFile } from "node:fs/promises";
import { hasPostgres } from "../../shared/testing/postgres.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { leaksOnStderr } from "../secrets/secret-words.ts";
import { refusals } from "../support/outage-client.ts";
import { startOutageLoad } from "../support/platform/outage-load.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { startCertificates } from "./startup-certificates.ts";

const { run } = processTests();

/** A server with a certificate for localhost, and the files of its CA and of another one. */
async function startTlsServer() {
  await using stack = new AsyncDisposableStack();
  const certificates = stack.use(startCertificates());
  const own = certificates.authority();
  const other = certificates.authority();
  const prepare = (data: string) => own.certify(data, "localhost");
  const server = stack.use(await startPostgresServer({ settings: ["ssl=on"], prepare }));
  const databases = await createDatabases(server);
  const owned = stack.move();
  return {
    own,
    other,
    server,
    nextFile: certificates.nextFile,
    /** The databases' URLs with this query. */
    urls(query: string, host = "localhost") {
      const withQuery = (text: string) => {
        const url = new URL(text);
        url.hostname = host;
        url.search = query;
        return url.href;
      };
      return { users: withQuery(databases.users), orders: withQuery(databases.orders) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type TlsServer = Awaited<ReturnType<typeof startTlsServer>>;

interface Refused {
  readonly what: string;
  /** In the URL. Default: localhost */
  readonly host?: string;
  /** What the service's line tells the operator. */
  readonly remedy: string;
  query(server: TlsServer): string | Promise<string>;
}

const untrusted =
  "the server's certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE); set sslrootcert to its CA";
const unreadable = "the file of sslrootcert has no certificate that can be read";

describe.if(hasPostgres)("user-service and order-service", () => {
  let server: TlsServer;
  beforeAll(async () => void (server = await startTlsServer()));
  afterAll(() => server[Symbol.asyncDispose]());

  test.each<Refused>([
    {
      what: "a certificate of another CA under verify-full",
      remedy: untrusted,
      query: ({ other }) => `sslmode=verify-full&sslrootcert=${other.certificate}`,
    },
    {
      what: "a certificate of another CA under require with a CA",
      remedy: untrusted,
      query: ({ other }) => `sslmode=require&sslrootcert=${other.certificate}`,
    },
    {
      what: "a certificate of a private CA that the URL does not name",
      remedy: untrusted,
      query: () => "sslmode=verify-ca",
    },
    {
      what: "a certificate with another name under verify-full",
      host: "127.0.0.1",
      remedy: "the server's certificate has another name; use its name as the host",
      query: ({ own }) => `sslmode=verify-full&sslrootcert=${own.certificate}`,
    },
    {
      what: "a file of the CA that has no certificate",
      remedy: unreadable,
      async query({ nextFile }) {
        const file = nextFile();
        await writeFile(file, "no certificate");
        return `sslmode=verify-full&sslrootcert=${file}`;
      },
    },
    {
      what: "a file of the CA that does not exist",
      remedy: "check sslrootcert",
      query: ({ nextFile }) => `sslmode=verify-full&sslrootcert=${nextFile()}`,
    },
  ])("end for $what with one line that says so", async ({ host, remedy, query }) => {
    const urls = server.urls(await query(server), host);
    for (const [service, DATABASE_URL] of [
      ["user-service", urls.users],
      ["order-service", urls.orders],
    ] as const) {
      const env = { DATABASE_URL, HOST: "127.0.0.1", PORT: "0" };
      const { status, stdout, stderr } = await run(service, [], env);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^${service}: Cannot use the database [^\n]+\n$`));
      expect(stderr).toContain(remedy);
      expect(stderr).not.toContain(new URL(DATABASE_URL).password);
      expect(leaksOnStderr(stderr)).toEqual([]);
    }
  });

  test.each([
    ["verify-ca a certificate with another name", "sslmode=verify-ca&sslrootcert="],
    ["require any certificate", "sslmode=require"],
  ])("take under %s", async (_, query) => {
    const certificate = query.endsWith("=") ? server.own.certificate : "";
    await using platform = await startOnPostgres(server.urls(query + certificate, "127.0.0.1"));
    await using probes = startProbes([platform.users, platform.orders]);
    await probes.until(true);
    await using admin = server.server.admin();
    const plain = await admin<object[]>`
      SELECT 1
      FROM pg_stat_ssl
      JOIN pg_stat_activity USING (pid)
      WHERE usename LIKE '%service' AND NOT ssl`;
    expect(plain).toHaveLength(0);
  });

  test("follow a renewed CA and certificate without a restart, and lose nothing meanwhile", async () => {
    await using server = await startTlsServer();
    const file = server.nextFile();
    /** Replaces the file of the CA whole, as the kubelet does. */
    async function trust(certificate: string): Promise<void> {
      await copyFile(certificate, `${file}.next`);
      await rename(`${file}.next`, file);
    }
    await trust(server.own.certificate);
    const urls = server.urls(`sslmode=verify-full&sslrootcert=${file}`);
    await using platform = await startOnPostgres(urls);
    await using probes = startProbes([platform.users, platform.orders]);
    await using admin = server.server.admin();
    /** Ends all sessions of the services, as their greatest age does within a minute. */
    const endSessions = () => admin`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE '%service'`;
    const load = await startOutageLoad(platform);
    await probes.until(true);
    await load.until(() => load.writes() > 100);

    // The server is first, and the file of the CA is gone for a while.
    await server.other.certify(server.server.data, "localhost");
    await admin`SELECT pg_reload_conf()`;
    const lost = "database cannot be reached";
    const logged = async (reason: string) => {
      for (const { lines } of [platform.users, platform.orders]) {
        while (!lines.some((line) => line["msg"] === lost && line["reason"] === reason)) {
          await endSessions();
          const seen = refusals(load.users);
          await load.until(() => refusals(load.users) > seen);
        }
      }
    };
    await logged(untrusted);
    await rm(file);
    await logged(`${unreadable}; put the server's CA there`);
    await probes.until(false);
    const returned = performance.now();
    await trust(server.other.certificate);
    const firstMs = await probes.untilReadyAgain(returned);

    const enough = load.writes() + 200;
    await load.until(() => load.writes() >= enough);
    probes.expectAlive();
    console.log(`${await load.finish(probes)}; ready after ${Math.round(firstMs)} ms`);
  });
});
