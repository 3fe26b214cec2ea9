// The tables that every service has.
import type { CopiedTable } from "./table.ts";

/** The secrets: with them cursors and keys from before the copy are good after it. */
export const secrets: CopiedTable = {
  name: "secrets",
  key: "name",
  columns: { name: "text", value: "bytes" },
  isReplaced: true,
};

/**
 * The idempotency keys. List them after the table of the resources.
 *
 * @param sqliteIdColumn the column on SQLite with the id of a completed key's resource. Default:
 * `resource_id`
 */
export function idempotencyKeys(sqliteIdColumn?: string): CopiedTable {
  return {
    name: "idempotency_keys",
    key: "key",
    columns: {
      key: "text",
      fingerprint: "text?",
      token: "uuid",
      lease_until: "integer",
      resource_id: "uuid?",
      created_at: "integer",
    },
    ...(sqliteIdColumn !== undefined && { sqliteNames: { resource_id: sqliteIdColumn } }),
  };
}
