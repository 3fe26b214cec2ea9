// The addresses in responses with PUBLIC_URL.
import { describe, expect, test } from "bun:test";
import { processTests } from "@platform/shared/testing/process-tests";
import { bodyOf } from "@platform/shared/testing/running-service";
import { startOrderService, wish } from "./order-service.ts";

test("The addresses of order-service begin with PUBLIC_URL, those of a replayed order too", async () => {
  const publicUrl = "https://shop.example/api";
  await using service = await startOrderService({ publicUrl });
  const headers = { "idempotency-key": "k" };
  const place = () => service.request("/orders", { json: wish, headers });
  const [first, again] = [await place(), await place()];
  const { id } = await bodyOf<{ id: string }>(first);
  expect(first.headers.get("location")).toBe(`${publicUrl}/orders/${id}`);
  expect(again.headers.get("location")).toBe(`${publicUrl}/orders/${id}`);
  await service.request("/orders", { json: wish });
  const list = await service.request("/orders?limit=1");
  expect(list.headers.get("link")).toStartWith(`<${publicUrl}/orders?limit=1&after=`);
});

describe("PUBLIC_URL of order-service", () => {
  const { run } = processTests();

  test("is in the document of the command openapi", async () => {
    const url = "https://shop.example/api";
    const printed = await run("order-service", ["openapi"], { PUBLIC_URL: url });
    expect(printed).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(printed.stdout)).toMatchObject({ servers: [{ url }] });
  });
});
