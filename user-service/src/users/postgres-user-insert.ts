// Stores a batch of users in one statement. A user whose address is taken, by another one of the batch
// too, is not stored, and the others are. The batch is in the order of the addresses, in which the
// server stores it: two replicas' batches wait for each other in one direction alone.
import type { Claim } from "@platform/shared/idempotency/claim";
import { completedClaims, heldClaims } from "@platform/shared/idempotency/postgres-claim-sql";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import type { SQL } from "bun";
import type { UserRow } from "./user-row.ts";

/** A user to be stored, and the claim that it completes. */
export type InsertedUser = UserRow & Partial<Claim>;

/** What became of a user. A claim that is not held goes before an address that is taken. */
export type Insertion = "stored" | "email-taken" | "claim-lost";

interface Result {
  readonly id: string;
  readonly insertion: Insertion;
}

const insertUsers = (sql: SQL, users: readonly InsertedUser[]) => sql<Result[]>`
  INSERT INTO users (id, name, email, created_at, updated_at)
  SELECT id, name, email, created_at, updated_at
  FROM jsonb_to_recordset(${JSON.stringify(users)}::text::jsonb)
    AS new (id uuid, name text, email text, created_at bigint, updated_at bigint)
  ON CONFLICT (lower(email)) DO NOTHING
  RETURNING id, 'stored' AS insertion`;

const insertUsersWithClaims = (sql: SQL, users: readonly InsertedUser[]) => sql<Result[]>`
  WITH new AS (
    SELECT id, name, email, created_at, updated_at, key, token
    FROM jsonb_to_recordset(${JSON.stringify(users)}::text::jsonb) AS new (
      id uuid, name text, email text, created_at bigint, updated_at bigint, key text, token uuid)
  ),
  ${heldClaims(sql)},
  stored AS (
    INSERT INTO users (id, name, email, created_at, updated_at)
    SELECT id, name, email, created_at, updated_at
    FROM new
    WHERE key IS NULL OR id IN (SELECT id FROM held)
    ON CONFLICT (lower(email)) DO NOTHING
    RETURNING id
  ),
  ${completedClaims(sql)}
  SELECT new.id,
    CASE
      WHEN stored.id IS NOT NULL THEN 'stored'
      WHEN new.key IS NULL OR held.id IS NOT NULL THEN 'email-taken'
      ELSE 'claim-lost'
    END AS insertion
  FROM new
  LEFT JOIN stored ON stored.id = new.id
  LEFT JOIN held ON held.id = new.id`;

/** Stores users and, in the same statement, that they complete their claims. */
export async function insertBatch(
  { write }: Pick<PostgresStorage, "write">,
  users: readonly InsertedUser[],
  queuedAt: readonly number[],
): Promise<Insertion[]> {
  // Most batches have no claim, and a lone user is stored a fifth faster without that part.
  const insert = users.some(({ key }) => key !== undefined) ? insertUsersWithClaims : insertUsers;
  const results = await write((sql) => insert(sql, users), queuedAt);
  const insertions = new Map(results.map(({ id, insertion }) => [id, insertion]));
  return users.map(({ id }) => insertions.get(id) ?? "email-taken");
}
