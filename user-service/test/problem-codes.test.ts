import { expect, test } from "bun:test";
import { bodyOf, type Sent } from "@platform/shared/testing/running-service";
import { createUser, startUserService } from "./user-service.ts";

const unknownId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const json = { name: "Alice", email: "alice@example.com" };
const stale = { "if-match": '"other"' };
const weak = { "if-match": 'W/"other"' };

test.each<[number, string, string, Sent]>([
  [404, "user-not-found", `/users/${unknownId}`, {}],
  [404, "user-not-found", `/users/${unknownId}`, { method: "PATCH", json: {} }],
  [404, "user-not-found", `/users/${unknownId}`, { method: "DELETE" }],
  [409, "email-taken", "/users", { json }],
  [412, "precondition-failed", "/users/{id}", { method: "PUT", json: {}, headers: stale }],
  [412, "precondition-failed", "/users/{id}", { method: "DELETE", headers: stale }],
  [412, "weak-tag", "/users/{id}", { method: "PATCH", json: {}, headers: weak }],
  [412, "weak-tag", "/users/{id}", { method: "DELETE", headers: weak }],
  [422, "validation-failed", "/users", { json: {} }],
  [422, "validation-failed", "/users?limit=0", {}],
  [404, "not-found", "/user", {}],
  [405, "method-not-allowed", "/users", { method: "DELETE" }],
])("user-service: %i has the code %s, %s", async (status, code, path, sent) => {
  await using service = await startUserService();
  const { id } = await createUser(service, json);
  const response = await service.request(path.replace("{id}", id), sent);
  expect(response.status).toBe(status);
  expect(await bodyOf(response)).toMatchObject({ status, code, type: "about:blank" });
});
