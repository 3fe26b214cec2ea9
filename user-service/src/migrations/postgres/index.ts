// The schema of the database on PostgreSQL, version by version.
import users from "./001-users.sql" with { type: "text" };
import secrets from "./002-secrets.sql" with { type: "text" };
import idempotencyKeys from "./003-idempotency-keys.sql" with { type: "text" };

/**
 * Migrations in order; append, and never edit one that was released. Each must work with the version of
 * the service before it: during a rollout both versions run on one database.
 */
export const migrations: readonly string[] = [users, secrets, idempotencyKeys];
