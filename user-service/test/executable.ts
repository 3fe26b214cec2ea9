// Requests to a process of user-service.
import type { Running } from "@platform/shared/testing/executable";

/** A request that creates a user; each `n` has an e-mail address of its own. */
export const post = (name: string, n: number) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name, email: `user${n}@example.com` }),
});

/** The number of users, up to 1000. */
export async function countUsers({ fetch }: Pick<Running, "fetch">): Promise<number> {
  return ((await (await fetch("/users?limit=1000")).json()) as unknown[]).length;
}
