// The random keys that a service keeps in its database.
import type { SQL } from "bun";

/**
 * Reads the secrets of a database whose migrations made the table `secrets`; other databases have
 * none.
 */
export async function readSecrets(sql: SQL): Promise<ReadonlyMap<string, Uint8Array>> {
  const [found] = await sql<{ exists: boolean }[]>`
    SELECT to_regclass('secrets') IS NOT NULL AS exists`;
  if (!found?.exists) return new Map();
  const rows = await sql<{ name: string; value: Uint8Array }[]>`
    SELECT name, value
    FROM secrets`;
  return new Map(rows.map(({ name, value }) => [name, value]));
}
