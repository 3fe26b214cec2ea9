// Requests to a process of user-service.
import type { Running } from "@platform/shared/testing/executable";
import { sending } from "@platform/shared/testing/work-counter";

/** A request that creates a user; each `n` has an e-mail address of its own. */
export const post = (n: number) =>
  sending("POST", { name: "Alice", email: `user${n}@example.com` });

/** The number of users, up to 1000. */
export async function countUsers({ fetch }: Pick<Running, "fetch">): Promise<number> {
  return ((await (await fetch("/users?limit=1000")).json()) as unknown[]).length;
}
