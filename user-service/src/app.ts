// The HTTP face of user-service: routes, schemas, status codes.
import {
  entityTag,
  matchesIfNoneMatch,
  parsePrecondition,
  conditionalHeaders,
} from "@platform/shared/http/etag";
import { routeDocs } from "@platform/shared/openapi/route-docs";
import { cursorCodec, limit, nextLink, parseLimit } from "@platform/shared/http/pagination";
import { requestObject } from "@platform/shared/schema/request-object";
import { yieldToShortRequests } from "@platform/shared/http/fair-scheduling";
import { PreconditionFailed } from "@platform/shared/core/precondition";
import { HttpProblem, problems } from "@platform/shared/http/problem";
import { serviceApp, type ServiceParts } from "@platform/shared/service/service-app";
import { isUuid, splitUuids, uuid, uuidList } from "@platform/shared/schema/uuid";
import { Type } from "@sinclair/typebox";
import type { UserKey, UserStore } from "./users/user-store.ts";
import {
  EmailTaken,
  newUser,
  normaliseChange,
  normaliseNew,
  user,
  userChange,
  UserNotFound,
} from "./users/user.ts";

/** What the app is made of. */
export interface UserServiceParts extends ServiceParts {
  readonly users: UserStore;
}

/** The app's type, for typed clients. @public */
export type App = ReturnType<typeof createApp>;

const oneUser = requestObject({ id: uuid });
const cursor = cursorCodec<UserKey>("users", isUserKey);
const userList = requestObject({
  limit: Type.Optional(limit),
  after: Type.Optional(cursor.schema),
  email: Type.Optional(Type.String({ description: "Only the user with this address" })),
  ids: Type.Optional(uuidList),
});

/** What an error means to a client; undefined for what it should never see. */
function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof UserNotFound) return new HttpProblem(404, "User not found");
  if (error instanceof EmailTaken) return new HttpProblem(409, "Email already registered");
  if (error instanceof PreconditionFailed) return new HttpProblem(412, "User has changed");
  return undefined;
}

function isUserKey(value: unknown): value is UserKey {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    "id" in value &&
    typeof value.name === "string" &&
    isUuid(value.id)
  );
}

/** Makes the app. It opens no socket and reads no environment: two of them fit in one process. */
export const createApp = ({ users, ...parts }: UserServiceParts) =>
  serviceApp(parts, {
    title: "user-service",
    description: "Profiles of users.",
    problemOf,
  })
    .post(
      "/users",
      async ({ body, set, status }) => {
        const created = await users.create(normaliseNew(body));
        set.headers.location = `/users/${created.id}`;
        set.headers.etag = entityTag(created);
        return status(201, created);
      },
      {
        body: newUser,
        response: { 201: user, ...problems(409, 422) },
        detail: routeDocs({
          operationId: "createUser",
          summary: "Create a user",
          tag: "users",
          problems: { 409: "Email already registered" },
        }),
      },
    )
    .get(
      "/users",
      async ({ query, set }) => {
        await yieldToShortRequests();
        const { items, nextAfter } = await users.list({
          email: query.email?.trim(),
          ids: query.ids === undefined ? undefined : splitUuids(query.ids),
          after: query.after === undefined ? undefined : cursor.decode(query.after),
          limit: parseLimit(query.limit),
        });
        if (nextAfter) {
          const { limit, email, ids } = query;
          const after = cursor.encode({ name: nextAfter.name, id: nextAfter.id });
          set.headers.link = nextLink("/users", { limit, email, ids }, after);
        }
        return items;
      },
      {
        query: userList,
        response: { 200: Type.Array(user), ...problems(422) },
        detail: routeDocs({
          operationId: "listUsers",
          summary: "List users by name",
          tag: "users",
        }),
      },
    )
    .get(
      "/users/:id",
      async ({ params, request, set }) => {
        const found = await users.find(params.id.toLowerCase());
        if (found === undefined) throw new UserNotFound();
        set.headers.etag = entityTag(found);
        if (!matchesIfNoneMatch(request.headers.get("if-none-match"), set.headers.etag))
          return found;
        set.status = 304;
        return undefined;
      },
      {
        params: oneUser,
        response: { 200: user, 304: Type.Void(), ...problems(404, 422) },
        detail: routeDocs({
          operationId: "getUser",
          summary: "Get a user",
          tag: "users",
          conditional: true,
          problems: { 404: "User not found" },
        }),
      },
    )
    .put(
      "/users/:id",
      async ({ params, body, headers, set }) => {
        const wanted = normaliseChange(body);
        const changed = await users.update(
          params.id.toLowerCase(),
          wanted,
          parsePrecondition(headers),
        );
        set.headers.etag = entityTag(changed);
        return changed;
      },
      {
        params: oneUser,
        headers: conditionalHeaders,
        body: userChange,
        response: { 200: user, ...problems(404, 409, 412, 422) },
        detail: routeDocs({
          operationId: "putUser",
          summary: "Change a user; what is left out stays",
          tag: "users",
          conditional: true,
          problems: { 404: "User not found", 409: "Email already registered" },
        }),
      },
    )
    .patch(
      "/users/:id",
      async ({ params, body, headers, set }) => {
        const wanted = normaliseChange(body);
        const changed = await users.update(
          params.id.toLowerCase(),
          wanted,
          parsePrecondition(headers),
        );
        set.headers.etag = entityTag(changed);
        return changed;
      },
      {
        params: oneUser,
        headers: conditionalHeaders,
        body: userChange,
        response: { 200: user, ...problems(404, 409, 412, 422) },
        detail: routeDocs({
          operationId: "patchUser",
          summary: "Change a user",
          tag: "users",
          conditional: true,
          problems: { 404: "User not found", 409: "Email already registered" },
        }),
      },
    )
    .delete(
      "/users/:id",
      async ({ params, headers, set }) => {
        await users.remove(params.id.toLowerCase(), parsePrecondition(headers));
        set.status = 204;
      },
      {
        params: oneUser,
        headers: conditionalHeaders,
        response: { 204: Type.Void(), ...problems(404, 412, 422) },
        detail: routeDocs({
          operationId: "deleteUser",
          summary: "Delete a user",
          tag: "users",
          conditional: true,
          problems: { 404: "User not found" },
        }),
      },
    );
