import { expect, test } from "bun:test";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { sharedByRun, shareWithRun } from "../../testing/shared-by-run.ts";

test("shareWithRun() makes once what several processes ask for, and nothing that none asks for", async () => {
  const calls: string[] = [];
  const maker = (name: string) => () => {
    calls.push(name);
    return Promise.resolve(`the ${name}`);
  };
  await using shares = shareWithRun({ server: maker("server"), build: maker("build") });
  const names = await Promise.all([1, 2, 3].map(() => sharedByRun("server", "", shares.env)));
  expect(names).toEqual(["the server", "the server", "the server"]);
  expect(calls).toEqual(["server"]);
});

test("shareWithRun() makes once what several processes ask for with the same argument", async () => {
  const calls: string[] = [];
  const manifest = (of: string) => {
    calls.push(of);
    return Promise.resolve(`the manifest of ${of}`);
  };
  await using shares = shareWithRun({ manifest });
  const ask = (of: string) => sharedByRun("manifest", of, shares.env);
  expect(await Promise.all([ask("users"), ask("orders"), ask("users")])).toEqual([
    "the manifest of users",
    "the manifest of orders",
    "the manifest of users",
  ]);
  expect(calls.toSorted()).toEqual(["orders", "users"]);
});

test("sharedByRun() tells each process why something could not be made", async () => {
  await using shares = shareWithRun({ build: () => Promise.reject(new Error("no space left")) });
  for (const _ of [1, 2]) {
    const error = await rejectionOf(sharedByRun("build", "", shares.env));
    expect(String(error)).toBe("Error: The test run has no build: Error: no space left");
  }
});

test("shareWithRun() tells no other user of the machine what is shared", async () => {
  await using shares = shareWithRun({ server: () => Promise.resolve("a password") });
  const [address = ""] = Object.values(shares.env);
  const guessed = await fetch(new URL(`/${crypto.randomUUID()}/server`, address));
  expect([guessed.status, await guessed.text()]).toEqual([404, ""]);
});
