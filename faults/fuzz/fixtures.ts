// Existing users and orders, for requests that need one.
import { createUser, newOrder, sending } from "../support/platform/resources.ts";
import type { Target } from "../support/platform/targets.ts";
import type { Operation } from "./operations.ts";

/** A resource that a request can read, change or delete. */
export interface Fixture {
  readonly id: string;
  /** Its entity tag. */
  readonly tag: string;
  /** An existing user, for orders. */
  readonly userId: string;
}

let number = 0;

/** Creates the fixtures of an operation. */
export async function fixtures(users: Target, orders: Target, operation: Operation) {
  const userId = await createUser(users.running, (number += 1));
  const isUser = operation.path.startsWith("/users");
  const list = isUser ? "/users" : "/orders";
  const { fetch } = isUser ? users.running : orders.running;

  async function create(): Promise<Fixture> {
    number += 1;
    const body = isUser
      ? { name: `User ${number}`, email: `fixture${number}@example.com` }
      : newOrder(userId, number);
    const response = await fetch(list, sending("POST", body));
    const { id } = (await response.json()) as { id: string };
    return { id, tag: response.headers.get("etag") ?? "", userId };
  }

  const first = await create();
  await create();
  const page = await fetch(`${list}?limit=1`);
  const cursor = /[?&]after=([^&>]+)/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
  const changesFixture = ["PUT", "PATCH", "DELETE"].includes(operation.method);
  return {
    /** A cursor of the list that holds the fixtures. */
    cursor,
    /** The same fixture, or a new one if the operation changes fixtures. */
    next: async () => (changesFixture ? create() : first),
  };
}
