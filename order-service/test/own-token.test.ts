// Both services as processes, of which user-service accepts order-service by a token of its own.
import { describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import { startCollector } from "@platform/shared/testing/collector";
import {
  runCommand,
  startExecutable,
  type Running,
  type ServiceName,
} from "@platform/shared/testing/executable";
import { temporaryFolder } from "@platform/shared/testing/temporary-folder";
import { bearer, testIssuer } from "@platform/shared/testing/test-issuer";
import { sending } from "@platform/shared/testing/work-counter";
import { attempts, circuitState } from "./fake-user-service.ts";
import { wish } from "./order-service.ts";

const subject = "system:serviceaccount:shop:order-service";

/** Writes a token as the kubelet does: into a new folder of the volume, to which a link then points. */
function project(token: string, volume: string): string {
  const name = `..${crypto.randomUUID()}`;
  mkdirSync(join(volume, name), { recursive: true });
  writeFileSync(join(volume, name, "token"), token);
  symlinkSync(name, join(volume, "..data_tmp"));
  renameSync(join(volume, "..data_tmp"), join(volume, "..data"));
  const file = join(volume, "token");
  rmSync(file, { force: true });
  symlinkSync(join("..data", "token"), file);
  return file;
}

/** An issuer of clients, one of order-service's tokens, and both services. */
async function startPlatform(further: Readonly<Record<string, string>> = {}) {
  const clients = await testIssuer();
  const cluster = await testIssuer({ issuer: "https://cluster.test" });
  const { issuer, jwks } = cluster;
  const folder = temporaryFolder();
  const start = (service: ServiceName, env: Record<string, string>) =>
    startExecutable(service, {
      cwd: folder.path,
      env: { ...clients.environment(), ...further, ...env },
    });
  const users = await start("user-service", {
    AUTH_SERVICE_ISSUER: issuer,
    AUTH_SERVICE_JWKS: jwks,
    AUTH_SERVICE_SUBJECT: subject,
  });
  const ownToken = () => cluster.token({ sub: subject, jti: crypto.randomUUID() });
  const token = await ownToken();
  const volume = join(folder.path, "token-volume");
  const orders = await start("order-service", {
    USER_SERVICE_URL: users.url,
    USER_SERVICE_TOKEN_FILE: project(token, volume),
  });
  const headers = bearer(await clients.token({ scope: "users:write orders:write" }));
  const alice = { name: "Alice", email: "alice@example.com" };
  const created = await users.fetch("/users", sending("POST", alice, headers));
  const { id: user_id } = (await created.json()) as { id: string };
  return {
    cluster,
    users,
    orders,
    token,
    ownToken,
    /** The folder of the token's file, which the kubelet would mount. */
    volume,
    place: () => orders.fetch("/orders", sending("POST", { ...wish, user_id }, headers)),
    async [Symbol.asyncDispose]() {
      await orders[Symbol.asyncDispose]();
      await users[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
      await clients[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const metricsOf = async ({ fetch }: Running) => (await fetch("/metrics")).text();

describe("POST /orders with a token of order-service", () => {
  test.concurrent("never fails while keys and token are replaced under load, old and new at once", async () => {
    await using platform = await startPlatform();
    const { cluster, users, orders, token, ownToken, volume, place } = platform;
    const placed: ReturnType<typeof place>[] = [];
    let isOver = false;
    const load = (async () => {
      // Two hundred orders a second, whether or not those before them have a response.
      for await (const _ of setInterval(5)) {
        if (isOver) return;
        placed.push(place());
      }
    })();
    await cluster.rotate();
    const next = await ownToken();
    await cluster.publish();
    project(next, volume);
    await orders.logged("token has changed");
    placed.push(place());
    isOver = true;
    await load;
    const statuses = (await Promise.all(placed)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([201]));
    const statusWith = async (sent: string) =>
      (await users.fetch("/users", { headers: bearer(sent) })).status;
    expect([await statusWith(token), await statusWith(next)]).toEqual([401, 200]);
    expect(await metricsOf(orders)).toContain(`${circuitState} 0`);
  });

  test.concurrent("goes on with the last token when its file is gone", async () => {
    await using platform = await startPlatform();
    const { orders, volume, place } = platform;
    rmSync(volume, { recursive: true });
    expect(await orders.logged("cannot read the token, and use the last one")).toMatchObject({
      level: "warn",
    });
    expect((await place()).status).toBe(201);
  });

  test.concurrent("is 502 where the token is refused, of which nothing is shown anywhere", async () => {
    await using collector = startCollector();
    await using platform = await startPlatform({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      LOG_LEVEL: "trace",
    });
    const { cluster, users, orders, token, volume, place } = platform;
    const refused = await cluster.token({ sub: "system:serviceaccount:shop:cart" });
    expect((await place()).status).toBe(201);
    project(refused, volume);
    await orders.logged("token has changed");
    const shown: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const response = await place();
      expect(response.status).toBe(502);
      shown.push(JSON.stringify([...response.headers]), await response.text());
    }
    const metrics = await metricsOf(orders);
    expect(metrics).toContain(`${attempts("401")} 12`);
    expect(metrics).toContain(`${circuitState} 0`);
    expect(await orders.logged("calls are refused")).toMatchObject({ level: "warn", status: 401 });
    expect(await metricsOf(users)).toContain('auth_total{outcome="wrong-subject"} 12');
    for (const file of ["cmdline", "environ"]) {
      shown.push(await Bun.file(`/proc/${orders.pid}/${file}`).text());
    }
    for (const { kill, exited } of [orders, users]) {
      kill("SIGTERM");
      expect(await exited).toBe(0);
    }
    expect(collector.spans.some(({ kind }) => kind === "client")).toBe(true);
    shown.push(metrics, JSON.stringify([orders.lines, users.lines, collector.spans]));
    for (const part of [token, refused].flatMap((text) => text.split(".").slice(1))) {
      expect(shown.join("\n")).not.toContain(part);
    }
  });
});

describe("serve with USER_SERVICE_TOKEN_FILE", () => {
  test("exits with 78 where the file has no token, and says so with all that is wrong", async () => {
    await using folder = temporaryFolder();
    const path = (name: string) => join(folder.path, name);
    writeFileSync(path("empty"), "\n");
    writeFileSync(path("broken"), "secret\nsecret");
    for (const [name, reason] of [
      ["missing", "there is no such file or folder; check the path"],
      ["empty", "the file is empty"],
      ["broken", "the token has characters other than A-Z a-z 0-9 - . _ ~ + / and = at its end"],
    ] as const) {
      const env = { PORT: "x", USER_SERVICE_TOKEN_FILE: path(name) };
      const { status, stdout, stderr } = await runCommand("order-service", [], {
        cwd: folder.path,
        env,
      });
      expect({ status, stdout }).toEqual({ status: 78, stdout: "" });
      expect(stderr.trimEnd().split("\n")).toEqual([
        expect.stringContaining("PORT"),
        "order-service: Cannot use USER_SERVICE_TOKEN_FILE: it must be the path of a file with a " +
          `token; ${reason}`,
      ]);
    }
  });
});
