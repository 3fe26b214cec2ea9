// Nobody's secrets get out, whatever is asked or answered: not in an answer, not in a line of the log.
import { expect, test } from "bun:test";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { user } from "../support/platform/fake-user-service.ts";
import { garbling } from "./upstream-with-secrets.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import {
  askOrders,
  askUsers,
  createSecretUser,
  mostBytes,
  secretOrder,
} from "./secret-requests.ts";
import { expectSilence, startWatched } from "./watched-service.ts";

test("what clients send is told to nobody else, whether it is taken or refused", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const env = { MAX_BODY_BYTES: mostBytes };
  await using users = await startWatched("user-service", { cwd, env });
  const url = `http://127.0.0.1:${users.observed.port}`;
  const ordersEnv = { ...env, USER_SERVICE_URL: url };
  await using orders = await startWatched("order-service", { cwd, env: ordersEnv });
  await askUsers(users.ask);
  const path = await createSecretUser(users.ask);
  await askOrders(orders.ask, path.slice("/users/".length));
  await expectSilence(users);
  await expectSilence(orders);
  const refusals = [400, 404, 405, 409, 412, 413, 415, 422];
  expect(users.loggedStatuses()).toEqual(new Set([200, 201, 204, ...refusals]));
  expect(orders.loggedStatuses()).toEqual(new Set([200, 201, ...refusals]));
});

test("what a broken user-service tells is told to nobody", async () => {
  await using folder = await temporaryFolder();
  await using upstream = await startFakeUpstream({});
  const env = { USER_SERVICE_URL: upstream.url };
  await using orders = await startWatched("order-service", { cwd: folder.path, env });
  const post = () =>
    ["POST", "/orders", { "content-type": "application/json" }, secretOrder(user.id)] as const;
  for (const [, status, does] of garbling) {
    upstream.restart(does);
    await orders.ask(status, [...post()]);
  }
  await upstream[Symbol.asyncDispose]();
  await orders.ask(503, [...post()]);
  await expectSilence(orders);
  const { stdout } = orders.observed.printed();
  expect(stdout.match(/"err":\{"type":.*"msg":"call"/g)?.length).toBeGreaterThan(garbling.length);
});
