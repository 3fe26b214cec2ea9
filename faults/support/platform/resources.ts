// Users and orders as clients read and send them. The tests in faults/ know a service by its HTTP
// interface alone, so they share no type with it.
import type { Running } from "../../../shared/testing/executable.ts";

/** A user in responses. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** An order in responses. */
export interface Order {
  readonly id: string;
  readonly user_id: string;
  readonly items: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly unit_price: number;
  }[];
  readonly total_amount: number;
  readonly status: "pending" | "confirmed" | "shipped" | "delivered" | "cancelled";
  readonly created_at: string;
  readonly updated_at: string;
}

/** The options of `fetch` that send JSON. */
export function sending(
  method: "POST" | "PUT" | "PATCH",
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  return {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/** A user whose name and address contain the number. */
export function newUser(n: number): { name: string; email: string } {
  return { name: `User ${n}`, email: `user${n}@example.com` };
}

/** An order of one item, whose article contains the number. */
export function newOrder(userId: string, n: number) {
  return { user_id: userId, items: [{ sku: `ARTICLE-${n}`, quantity: 1, unit_price: 19.99 }] };
}

/** Creates a user. @returns its id */
export async function createUser(users: Pick<Running, "fetch">, n = 0): Promise<string> {
  const response = await users.fetch("/users", sending("POST", newUser(n)));
  if (response.status !== 201) throw new Error(`Cannot create a user: ${response.status}`);
  return ((await response.json()) as { id: string }).id;
}
