// Calls both services with clients that are generated from their API documents. Before it runs, the
// compiler checks it with the project's strict options: what it sends and reads is in the generated types.
import { expect, test } from "bun:test";
import createClient from "openapi-fetch";
import type * as orderApi from "../../dist/openapi/order-service.ts";
import type * as userApi from "../../dist/openapi/user-service.ts";
import { startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

type User = userApi.components["schemas"]["User"];
type Order = orderApi.components["schemas"]["Order"];

/** Starts both services on empty databases, and makes a client for each. */
async function startBoth() {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(temporaryFolder()).path;
  const userService = stack.use(await startExecutable("user-service", { cwd }));
  const env = { USER_SERVICE_URL: userService.url };
  const orderService = stack.use(await startExecutable("order-service", { cwd, env }));
  const running = stack.move();
  // openapi-fetch does not read `style` and `explode` in the document: it has to be told.
  const querySerializer = { array: { style: "form", explode: false } } as const;
  return {
    users: createClient<userApi.paths>({ baseUrl: userService.url, querySerializer }),
    orders: createClient<orderApi.paths>({ baseUrl: orderService.url, querySerializer }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type Clients = Awaited<ReturnType<typeof startBoth>>;

async function createUser({ users }: Clients, name: string): Promise<User> {
  const body = { name, email: `${name.toLowerCase()}@example.com` };
  const { data, error } = await users.POST("/users", { body });
  if (error) throw new Error(error.detail);
  return data;
}

async function placeOrder({ orders }: Clients, { id }: User): Promise<Order> {
  const { data, error } = await orders.POST("/orders", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: { user_id: id, items: [{ sku: "tea", quantity: 2, unit_price: 22.74 }] },
  });
  if (error) throw new Error(error.detail);
  return data;
}

/** The cursor in the link to the next page; undefined on the last page. */
function nextCursor({ headers, url }: Response): string | undefined {
  const link = /^<([^>]+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
  return link && (new URL(link, url).searchParams.get("after") ?? undefined);
}

test("a client creates and reads a user, and gets 304 for the state that it has", async () => {
  await using clients = await startBoth();
  const { users } = clients;
  const { id } = await createUser(clients, "Alice");
  const path = { id };
  const { data, response } = await users.GET("/users/{id}", { params: { path } });
  expect(data?.name).toBe("Alice");
  const header = { "If-None-Match": response.headers.get("etag") ?? "" };
  const again = await users.GET("/users/{id}", { params: { path, header } });
  expect(again.response.status).toBe(304);
  const head = await users.HEAD("/users/{id}", { params: { path } });
  expect(head.response.headers.get("etag")).toBe(header["If-None-Match"]);
});

test("a client sends ids as an array, and follows the links to the next page", async () => {
  await using clients = await startBoth();
  const alice = await createUser(clients, "Alice");
  await createUser(clients, "Bob");
  const carol = await createUser(clients, "Carol");
  const ids = [alice.id, carol.id];
  const found: User[] = [];
  let after: string | undefined;
  do {
    const { data, response } = await clients.users.GET("/users", {
      params: {
        query: { ids, sort: "-name", limit: 1, ...(after === undefined ? {} : { after }) },
      },
    });
    found.push(...(data ?? []));
    after = nextCursor(response);
  } while (after !== undefined);
  expect(found).toEqual([carol, alice]);
});

test("a misspelt filter does not compile, and is 422", async () => {
  await using clients = await startBoth();
  const { error } = await clients.users.GET("/users", {
    // @ts-expect-error -- the generated types do not have this filter
    params: { query: { emial: "alice@example.com" } },
  });
  expect(error?.status).toBe(422);
});

test("a client changes a user only in the state that it knows", async () => {
  await using clients = await startBoth();
  const { id } = await createUser(clients, "Alice");
  const { users } = clients;
  const path = { id };
  const { response } = await users.GET("/users/{id}", { params: { path } });
  const header = { "If-Match": response.headers.get("etag") ?? "" };
  const params = { path, header };
  const first = await users.PATCH("/users/{id}", { params, body: { name: "Alicia" } });
  expect(first.data?.name).toBe("Alicia");
  const second = await users.PATCH("/users/{id}", { params, body: { name: "Alison" } });
  expect(second.error?.status).toBe(412);
  const deleted = await users.DELETE("/users/{id}", { params: { path } });
  expect(deleted.response.status).toBe(204);
});

type Refused = userApi.operations["createUser"]["responses"][409 | 415 | 422]["content"];

/** What a program does about a problem; it compiles only if the types list the codes of each status. */
function remedy(problem: Refused["application/problem+json"]): string {
  switch (problem.status) {
    case 409:
      return problem.code satisfies "email-taken" | "key-in-progress";
    case 415:
      return problem.code satisfies "unsupported-media-type" | "unsupported-encoding";
    case 422:
      return (problem.errors ?? []).map(({ pointer }) => pointer).join(" ");
    default:
      return problem satisfies never;
  }
}

test("a client tells problems apart by status and by code, and finds each wrong field", async () => {
  await using clients = await startBoth();
  await createUser(clients, "Alice");
  const post = async (body: { name: string; email: string }) => {
    const { error } = await clients.users.POST("/users", { body });
    if (error?.code === "email-taken") return remedy(error);
    return error?.status === 422 ? remedy(error) : "nothing";
  };
  expect(await post({ name: "Al", email: "alice@example.com" })).toBe("email-taken");
  expect(await post({ name: "", email: "" })).toBe("#/name #/email");
});

test("a client places orders, and lists those of several statuses", async () => {
  await using clients = await startBoth();
  const alice = await createUser(clients, "Alice");
  const { orders } = clients;
  const [pending, confirmed, cancelled] = [
    await placeOrder(clients, alice),
    await placeOrder(clients, alice),
    await placeOrder(clients, alice),
  ];
  const move = async ({ id }: Order, status: Order["status"]) => {
    const params = { path: { id } };
    const { data } = await orders.PATCH("/orders/{id}", { params, body: { status } });
    expect(data?.status).toBe(status);
  };
  await move(confirmed, "confirmed");
  await move(cancelled, "cancelled");
  const { data } = await orders.GET("/orders", {
    params: { query: { user_id: alice.id, status: ["pending", "cancelled"] } },
  });
  expect(data?.map(({ id }) => id)).toEqual([pending.id, cancelled.id]);
  expect(pending.total_amount).toBe(45.48);
});
