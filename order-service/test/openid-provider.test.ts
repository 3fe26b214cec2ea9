import { expect, test } from "bun:test";
import { startOpenIdProvider } from "@platform/shared/testing/openid-provider";
import { bodyOf } from "@platform/shared/testing/running-service";
import { bearer } from "@platform/shared/testing/test-issuer";
import type { Order } from "../src/orders/order.ts";
import { startOrderService, userId, wish } from "./order-service.ts";

const otherUser = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";

test("order-service accepts a program and a person of an OpenID provider, each for what is theirs", async () => {
  await using provider = await startOpenIdProvider();
  await using service = await startOrderService({
    auth: {
      AUTH_ISSUER: provider.issuer,
      AUTH_JWKS: provider.jwks,
      AUTH_USER_CLAIM: "user_id",
    },
  });
  const place = (token: string, user_id: string) =>
    service.request("/orders", { json: { ...wish, user_id }, headers: bearer(token) });
  const change = (token: string, { id }: Order, status: string) =>
    service.request(`/orders/${id}`, { method: "PATCH", json: { status }, headers: bearer(token) });

  const person = await provider.personToken("order-service", "orders:read orders:write", userId);
  const own = await bodyOf<Order>(await place(person, userId));
  expect((await place(person, otherUser)).status).toBe(403);

  const writer = await provider.programToken("order-service", "orders:write");
  const other = await bodyOf<Order>(await place(writer, otherUser));
  expect((await change(person, other, "cancelled")).status).toBe(404);
  expect((await change(writer, other, "confirmed")).status).toBe(403);
  const clerk = await provider.programToken("order-service", "orders:fulfil");
  expect((await change(clerk, other, "confirmed")).status).toBe(200);
  expect((await change(person, own, "cancelled")).status).toBe(200);

  const list = await service.request("/orders", { headers: bearer(person) });
  expect((await bodyOf<Order[]>(list)).map(({ id }) => id)).toEqual([own.id]);
  const foreign = await provider.programToken("user-service", "orders:read");
  expect((await service.request("/orders", { headers: bearer(foreign) })).status).toBe(401);
});
