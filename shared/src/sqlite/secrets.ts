// The random keys that a service keeps in its database.
import type { Database } from "bun:sqlite";
import type { SecretName } from "../core/storage.ts";

/**
 * Reads the secrets of a database whose migrations made the table `secrets`, as docs/add-a-service.md
 * shows it; other databases have none.
 *
 * @returns finds a secret by its name. It throws an Error if the database does not have that secret.
 */
export function readSecrets(db: Database): (name: SecretName) => Uint8Array {
  using table = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'secrets'");
  const secrets = new Map<string, Uint8Array>();
  if (table.get() !== null) {
    using all = db.prepare<{ name: string; value: Uint8Array }, []>(`
      SELECT name, value
      FROM secrets`);
    for (const { name, value } of all.all()) secrets.set(name, value);
  }
  return (name) => {
    const secret = secrets.get(name);
    if (secret === undefined) throw new Error(`The database has no secret named "${name}"`);
    return secret;
  };
}
