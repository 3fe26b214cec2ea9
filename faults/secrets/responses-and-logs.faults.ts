// No response, log line or span contains a secret, whatever clients send and user-service responds.
import { expect, test } from "bun:test";
import { refuse, startCollector } from "../../shared/testing/collector.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { user } from "../support/platform/fake-user-service.ts";
import {
  askOrders,
  askUsers,
  createSecretUser,
  maxBodyBytes,
  secretOrder,
} from "./secret-requests.ts";
import { leaksInResponse, secret } from "./secret-words.ts";
import { behavioursWithSecrets } from "./upstream-with-secrets.ts";
import { expectNoLeaks, startWatched } from "./watched-service.ts";

const { path } = processTests();

test("both services keep what clients send out of other responses, of the log and of spans", async () => {
  const cwd = path();
  await using collector = startCollector();
  const env = {
    MAX_BODY_BYTES: maxBodyBytes,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${secret("password")}`,
  };
  await using users = await startWatched("user-service", { cwd, env });
  const url = `http://127.0.0.1:${users.process.port}`;
  const ordersEnv = { ...env, USER_SERVICE_URL: url };
  await using orders = await startWatched("order-service", { cwd, env: ordersEnv });
  await askUsers(users.ask);
  const userPath = await createSecretUser(users.ask);
  await askOrders(orders.ask, userPath.slice("/users/".length));
  await expectNoLeaks(users);
  await expectNoLeaks(orders);
  const refusals = [400, 404, 405, 409, 412, 413, 415, 422];
  expect(users.loggedStatuses()).toEqual(new Set([200, 201, 204, ...refusals]));
  expect(orders.loggedStatuses()).toEqual(new Set([200, 201, ...refusals]));
  expect(collector.spans.length).toBeGreaterThan(0);
  expect(collector.spans.flatMap((span) => leaksInResponse(JSON.stringify(span)))).toEqual([]);
});

test("a service keeps the way to a collector that refuses, or is away, out of the log", async () => {
  await using collector = startCollector(refuse(307, { location: `/${secret("upstream")}` }));
  for (const url of [collector.url, "http://127.0.0.1:1"]) {
    await using users = await startWatched("user-service", {
      cwd: path(),
      env: {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces?token=${secret("query")}`,
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: `authorization=${secret("password")}`,
      },
    });
    await users.ask(404, ["GET", `/users/${user.id}`]);
    await expectNoLeaks(users);
    expect(users.process.printed().stdout).toContain('"msg":"cannot export spans"');
  }
  expect(collector.headers[0]?.get("authorization")).toBe(secret("password"));
});

test("order-service keeps what a broken user-service sends out of responses and of the log, and its own token", async () => {
  await using upstream = await startFakeUpstream({});
  await Bun.write(path("token"), secret("token"));
  const env = { USER_SERVICE_URL: upstream.url, USER_SERVICE_TOKEN_FILE: path("token") };
  await using orders = await startWatched("order-service", { cwd: path(), env });
  const post = () =>
    ["POST", "/orders", { "content-type": "application/json" }, secretOrder(user.id)] as const;
  for (const [, status, behaviour] of behavioursWithSecrets) {
    upstream.restart(behaviour);
    await orders.ask(status, [...post()]);
  }
  await upstream[Symbol.asyncDispose]();
  await orders.ask(503, [...post()]);
  await expectNoLeaks(orders);
  const { stdout } = orders.process.printed();
  expect(stdout.match(/"err":\{"type":.*"msg":"call"/g)?.length).toBeGreaterThan(
    behavioursWithSecrets.length,
  );
});
