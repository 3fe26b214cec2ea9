// Which media types and content codings a body may have.
import { expect } from "bun:test";
import { createUser } from "../support/platform/resources.ts";
import { test } from "../support/platform/targets.ts";

test("PATCH /users/{id} accepts JSON media types only", async (users) => {
  const statuses = {
    "application/json": 200,
    "APPLICATION/JSON": 200,
    "application/json;charset=utf-8": 200,
    'application/json ; charset="UTF-8"': 200,
    "application/json; x=y": 200,
    "application/vnd.example.v1+json": 200,
    "application/json; charset=utf-16": 415,
    "application/json; charset=latin1": 415,
    "application/jsonx": 415,
    "application/x-json": 415,
    "text/json": 415,
    "text/plain": 415,
    "application/x-www-form-urlencoded": 415,
    "multipart/form-data; boundary=application/json": 415,
    "text/plain, application/json": 415,
    "*/*": 415,
    "": 415,
    "\xff": 415,
  };
  const target = `/users/${await createUser(users.running)}`;
  for (const chunkBytes of [undefined, 1]) {
    const patch = { method: "PATCH", target, body: "{}", chunkBytes };
    const found: Record<string, number> = {};
    for (const type of Object.keys(statuses)) {
      const headers = [["Content-Type", type]] as const;
      found[type] = (await users.send({ ...patch, headers })).status;
    }
    expect(found).toEqual(statuses);
    expect((await users.send(patch)).status).toBe(415);
  }
});

test("PATCH /users/{id} refuses every content coding but identity", async (users) => {
  const statuses = {
    gzip: 415,
    br: 415,
    "identity, gzip": 415,
    x: 415,
    "\xff": 415,
    identity: 200,
    "": 200,
  };
  const target = `/users/${await createUser(users.running)}`;
  const found: Record<string, number> = {};
  for (const coding of Object.keys(statuses)) {
    const body = coding === "gzip" ? Bun.gzipSync("{}") : "{}";
    const headers = [
      ["Content-Type", "application/json"],
      ["Content-Encoding", coding],
    ] as const;
    found[coding] = (await users.send({ method: "PATCH", target, headers, body })).status;
  }
  expect(found).toEqual(statuses);
});
