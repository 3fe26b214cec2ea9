import { describe, expect, test } from "bun:test";
import { treaty } from "@elysiajs/eden";
import type { App as UserServiceApp } from "@platform/user-service/app";
import { heldCall } from "@platform/shared/testing/held-call";
import { bodyOf, type Sent } from "@platform/shared/testing/running-service";
import type { App } from "../src/app.ts";
import type { UserCheck } from "../src/user-service/user-directory.ts";
import { placeOrder, startOrderService, userId, usersAll, usersBy, wish } from "./order-service.ts";

describe("order-service", () => {
  test.each([
    ["unknown", 400, "user-unknown"],
    ["failed", 502, "user-check-failed"],
    ["unavailable", 503, "user-service-unavailable"],
  ] as const)("where a user is %s, %i has the code %s", async (check, status, code) => {
    await using service = await startOrderService({ users: usersAll(check) });
    const response = await service.request("/orders", { json: wish });
    expect(await bodyOf(response)).toMatchObject({ status, code });
  });

  const patch = { method: "PATCH", json: { status: "delivered" } };
  const otherBody = { ...wish, user_id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b43" };

  test.each<[number, string, string, Sent]>([
    [404, "order-not-found", `/orders/${userId}`, {}],
    [404, "order-not-found", `/orders/${userId}`, patch],
    [409, "status-conflict", "/orders/{id}", patch],
    [412, "precondition-failed", "/orders/{id}", { ...patch, headers: { "if-match": '"old"' } }],
    [412, "weak-tag", "/orders/{id}", { ...patch, headers: { "if-match": 'W/"old"' } }],
    [400, "key-malformed", "/orders", { json: wish, headers: { "idempotency-key": "a b" } }],
    [422, "key-reused", "/orders", { json: otherBody, headers: { "idempotency-key": "k" } }],
    [422, "validation-failed", "/orders", { json: {} }],
  ])("%i has the code %s, %s", async (status, code, path, sent) => {
    await using service = await startOrderService();
    const { id } = await placeOrder(service, wish, { headers: { "idempotency-key": "k" } });
    const response = await service.request(path.replace("{id}", id), sent);
    expect(await bodyOf(response)).toMatchObject({ status, code });
  });

  test("a key whose first request is at work has the code key-in-progress", async () => {
    const { call: check, called, finish } = heldCall<UserCheck>();
    await using service = await startOrderService({ users: usersBy(check) });
    const sent = { json: wish, headers: { "idempotency-key": "k" } };
    const first = service.request("/orders", sent);
    await called;
    const second = await service.request("/orders", sent);
    expect(await bodyOf(second)).toMatchObject({ status: 409, code: "key-in-progress" });
    finish("exists");
    expect((await first).status).toBe(201);
  });
});

describe("treaty(), the typed client", () => {
  test("knows the codes of each status of a route, and no others", async () => {
    await using service = await startOrderService({ users: usersAll("unknown") });
    const { error } = await treaty<App>(service.url).orders.post(wish);
    if (error?.status !== 400) throw new Error("The user is unknown");
    // Without one of the codes, or with a code that is not documented, this does not compile.
    const meanings: Record<typeof error.value.code, string> = {
      "malformed-json": "a bug of this client",
      "key-malformed": "a bug of this client",
      "user-unknown": "sign up first",
    };
    expect(meanings[error.value.code]).toBe("sign up first");
  });

  test("distinguishes problems with one status", () => {
    type Client = ReturnType<typeof treaty<UserServiceApp>>;
    type Failure = NonNullable<Awaited<ReturnType<Client["users"]["post"]>>["error"]>;
    type CodeOf<Status> = Extract<Failure, { status: Status }>["value"] extends { code: infer Code }
      ? Code
      : never;
    const codes: { 409: CodeOf<409>[]; 415: CodeOf<415>[] } = {
      409: ["email-taken"],
      // @ts-expect-error: status-conflict is a code of order-service
      415: ["unsupported-media-type", "unsupported-encoding", "status-conflict"],
    };
    expect(codes[409]).toEqual(["email-taken"]);
  });
});
