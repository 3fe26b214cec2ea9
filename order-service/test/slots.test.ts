import { expect, test } from "bun:test";
import { slots } from "../src/slots.ts";

test("who has waited longest gets the place that is given back", async () => {
  const places = slots(1);
  expect(await places.take(1000)).toBe(true);
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (n) => {
    expect(await places.take(1000)).toBe(true);
    order.push(n);
    places.give();
  });
  places.give();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2, 3]);
});

test("who waits for too long goes without, and takes no place from others", async () => {
  const places = slots(1);
  await places.take(1000);
  expect(await places.take(1)).toBe(false);
  places.give();
  expect(await places.take(1)).toBe(true);
});
