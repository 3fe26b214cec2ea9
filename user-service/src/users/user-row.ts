// A user as both databases store it.
import { toTimestamp } from "@platform/shared/schema/timestamp";
import type { User } from "./user.ts";

/** The columns of the table `users`. The times are milliseconds since 1970. */
export type UserRow = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly created_at: number;
  readonly updated_at: number;
};

/** The user that a row is. */
export function toUser({ id, name, email, created_at, updated_at }: UserRow): User {
  return {
    id,
    name,
    email,
    created_at: toTimestamp(created_at),
    updated_at: toTimestamp(updated_at),
  };
}
