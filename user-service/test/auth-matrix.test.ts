import { testAuthMatrix } from "@platform/shared/testing/auth-matrix";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { User } from "../src/users/user.ts";
import { startUserService } from "./user-service.ts";

const path = ({ id }: User) => `/users/${id}`;
const own = { status: 200, owner: "all", stranger: "not-found" } as const;

testAuthMatrix<User>({
  service: "user-service",
  notFound: "user-not-found",
  serviceScopes: ["users:read"],
  requests: [
    {
      operationId: "listUsers",
      ...own,
      stranger: "nothing",
      send: () => ({ path: "/users" }),
    },
    { operationId: "getUser", ...own, send: (user) => ({ path: path(user) }) },
    {
      operationId: "createUser",
      status: 201,
      owner: "forbidden",
      stranger: "forbidden",
      send: ({ id }) => ({
        path: "/users",
        json: { name: "Bob", email: `bob-${id}@example.com` },
      }),
    },
    {
      operationId: "putUser",
      ...own,
      send: (user) => ({ path: path(user), json: { name: "Al" } }),
    },
    {
      operationId: "patchUser",
      ...own,
      send: (user) => ({ path: path(user), json: { name: "Ally" } }),
    },
    { operationId: "deleteUser", ...own, status: 204, send: (user) => ({ path: path(user) }) },
  ],
  start: startUserService,
  async create({ request }, headers, n) {
    const json = { name: "Alice", email: `alice-${n}@example.com` };
    return bodyOf<User>(await request("/users", { json, headers }));
  },
  ownerOf: ({ id }) => id,
});
