// The HTTP interface of user-service: routes, schemas, status codes.
import { keyOwner } from "@platform/shared/auth/key-owner";
import { isHidden, personId } from "@platform/shared/auth/permissions";
import {
  conditionalHeaders,
  parsePrecondition,
  unlessNotModified,
  withEntityTag,
  type ResponseFields,
} from "@platform/shared/http/etag";
import { yieldToShortRequests } from "@platform/shared/http/fair-scheduling";
import { nextLink, pagedList } from "@platform/shared/http/pagination";
import { problems, problemsWithBody } from "@platform/shared/http/route-problems";
import { idempotentCreation } from "@platform/shared/idempotency/idempotent-creation";
import { keyProblems } from "@platform/shared/idempotency/key-problems";
import { requestDigest } from "@platform/shared/idempotency/request-digest";
import { routeDocs } from "@platform/shared/openapi/route-docs";
import { creationRange, parseCreationRange } from "@platform/shared/schema/instant";
import { idParams, splitUuids, uuid, uuidList } from "@platform/shared/schema/uuid";
import { serviceApp, type ServiceParts } from "@platform/shared/service/service-app";
import { Type } from "@sinclair/typebox";
import { emailTaken, problemOf, userNotFound, userPreconditions } from "./problems.ts";
import { email } from "./users/email.ts";
import { userSorts, type UserStore } from "./users/user-store.ts";
import { asCreated, newUser, user, userChange, UserNotFound, type User } from "./users/user.ts";

/** What the app is made of. */
export interface UserServiceParts extends ServiceParts {
  readonly users: UserStore;
}

/** The app's type, for typed clients. @public */
export type App = ReturnType<typeof createApp>;

const pages = pagedList({
  name: "users",
  sorts: userSorts,
  position: Type.Object({ name: user.properties.name, id: uuid }),
});

/** The query of `GET /users`. */
export const userList = pages.query({
  email: Type.Optional({ ...email, description: "Only the user with this address" }),
  ids: Type.Optional(uuidList),
  ...creationRange,
});

/** The schemas and the documentation of PUT and PATCH, which do the same. */
const changeOfUser = (operationId: string, summary: string, description: string) => ({
  params: idParams,
  headers: conditionalHeaders,
  body: userChange,
  response: {
    200: user,
    ...problemsWithBody(userNotFound, emailTaken, ...Object.values(userPreconditions)),
  },
  detail: routeDocs({
    operationId,
    summary,
    description,
    tag: "users",
    scope: "users:write",
    conditional: true,
  }),
});

/**
 * The identifiers of the users that a list has; undefined: of all.
 *
 * @param sent those that the client asks for, in lower case
 */
function listedIds(sent: readonly string[] | undefined): readonly string[] | undefined {
  const person = personId();
  if (person === undefined) return sent;
  return sent === undefined || sent.includes(person) ? [person] : [];
}

/** The identifier in a path, in lower case. @throws UserNotFound if the caller must not see that user */
function visibleId({ id }: typeof idParams.static): string {
  const userId = id.toLowerCase();
  if (isHidden(userId)) throw new UserNotFound();
  return userId;
}

interface ChangeRequest {
  readonly params: typeof idParams.static;
  readonly headers: typeof conditionalHeaders.static;
  readonly body: typeof userChange.static;
  readonly set: ResponseFields;
}

/** Makes the app. It opens no socket and reads no environment: two apps fit in one process. */
export const createApp = ({ users, ...parts }: UserServiceParts) => {
  const { publicUrl } = parts;
  const createOnce = idempotentCreation({
    keys: users,
    owner: keyOwner(parts.storage),
    fingerprint: requestDigest(parts.storage, "users"),
    original: asCreated,
    deleted: userNotFound,
    maxMs: users.maxCreationMs,
  });

  async function changeUser({ params, body, headers, set }: ChangeRequest): Promise<User> {
    const changed = await users.update(visibleId(params), body, parsePrecondition(headers));
    return withEntityTag(set, changed);
  }

  return serviceApp(parts, {
    title: "user-service",
    description: "Profiles of users.",
    tags: { users: "A user has a name, and an e-mail address that no other user has." },
    problemOf,
  })
    .post(
      "/users",
      async ({ body, request, set, status }) => {
        const created = await createOnce(request, set, body, (claim) => users.create(body, claim));
        set.headers.location = `${publicUrl}/users/${created.id}`;
        return status(201, created);
      },
      {
        body: newUser,
        response: { 201: user, ...problemsWithBody(...keyProblems, userNotFound, emailTaken) },
        detail: routeDocs({
          operationId: "createUser",
          summary: "Create a user",
          description:
            "Upper and lower case make no difference between e-mail addresses. With an " +
            "Idempotency-Key it can be repeated without harm: one key creates one user. After that " +
            "user was deleted, a repeat is 404.",
          tag: "users",
          scope: "users:write",
          programsOnly: true,
          idempotencyKey: true,
        }),
      },
    )
    .get(
      "/users",
      async ({ query, set }) => {
        await yieldToShortRequests();
        const { items, nextAfter } = await users.list({
          email: query.email,
          ids: listedIds(query.ids === undefined ? undefined : splitUuids(query.ids)),
          ...parseCreationRange(query),
          ...pages.parse(query, parts.storage),
        });
        if (nextAfter) {
          const cursor = pages.cursor(nextAfter, query, parts.storage);
          set.headers.link = nextLink(`${publicUrl}/users`, query, cursor);
        }
        return items;
      },
      {
        query: userList,
        response: { 200: Type.Array(user), ...problems() },
        detail: routeDocs({
          operationId: "listUsers",
          summary: "List users",
          description:
            "By name in code point order, then by id, unless `sort` says otherwise. A page may have " +
            "fewer users than the limit: only the Link tells whether there are more.",
          tag: "users",
          scope: "users:read",
        }),
      },
    )
    .get(
      "/users/:id",
      async ({ params, request, set }) => {
        const found = await users.find(visibleId(params));
        if (found === undefined) throw new UserNotFound();
        return unlessNotModified(request, set, found);
      },
      {
        params: idParams,
        response: { 200: user, 304: Type.Void(), ...problems(userNotFound) },
        detail: routeDocs({
          operationId: "getUser",
          summary: "Get a user",
          description: "With `If-None-Match`, only if the user has changed.",
          tag: "users",
          scope: "users:read",
          conditional: true,
        }),
      },
    )
    .put(
      "/users/:id",
      changeUser,
      changeOfUser(
        "putUser",
        "Change a user; what is left out stays",
        "The same as `patchUser`: members that the body lacks are not erased.",
      ),
    )
    .patch(
      "/users/:id",
      changeUser,
      changeOfUser(
        "patchUser",
        "Change a user",
        "What is left out stays. With `If-Match`, only if the user has not changed meanwhile.",
      ),
    )
    .delete(
      "/users/:id",
      async ({ params, headers, set }) => {
        await users.remove(visibleId(params), parsePrecondition(headers));
        set.status = 204;
      },
      {
        params: idParams,
        headers: conditionalHeaders,
        response: {
          204: Type.Void(),
          ...problems(userNotFound, ...Object.values(userPreconditions)),
        },
        detail: routeDocs({
          operationId: "deleteUser",
          summary: "Delete a user",
          description: "The user's orders stay. A new order for the user is refused.",
          tag: "users",
          scope: "users:write",
          conditional: true,
        }),
      },
    );
};
