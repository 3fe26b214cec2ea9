// What requests are about: users and orders that there are.
import { createUser, newOrder, sending } from "../support/platform/services.ts";
import type { Known } from "./operations.ts";
import type { Targets } from "../support/platform/targets.ts";

/** Something that can be asked for, changed or deleted. */
export interface Subject {
  readonly id: string;
  /** Its entity tag. */
  readonly tag: string;
  /** A user whom orders can be made for. */
  readonly userId: string;
}

/** Where subjects come from. */
export interface Subjects {
  /** From the list that the subjects are in. */
  readonly cursor: string;
  /** The same one, or a new one if the operation changes it. */
  next(): Promise<Subject>;
}

let number = 0;

/** Makes what an operation needs. */
export async function subjects({ users, orders }: Targets, known: Known): Promise<Subjects> {
  const userId = await createUser(users.running, (number += 1));
  const isUser = known.path.startsWith("/users");
  const list = isUser ? "/users" : "/orders";
  const { fetch } = isUser ? users.running : orders.running;

  async function make(): Promise<Subject> {
    number += 1;
    const body = isUser
      ? { name: `User ${number}`, email: `subject${number}@example.com` }
      : newOrder(userId, number);
    const response = await fetch(list, sending("POST", body));
    const { id } = (await response.json()) as { id: string };
    return { id, tag: response.headers.get("etag") ?? "", userId };
  }

  const first = await make();
  await make();
  const page = await fetch(`${list}?limit=1`);
  const cursor = /[?&]after=([^&>]+)/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
  const isChanged = ["PUT", "PATCH", "DELETE"].includes(known.method);
  return { cursor, next: async () => (isChanged ? make() : first) };
}
