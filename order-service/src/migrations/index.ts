// The database's history, in order. Each step must work with the version of the service before it:
// both run side by side during a rollout.
import orders from "./001-orders.sql" with { type: "text" };
import oneIndexPerUser from "./002-one-index-per-user.sql" with { type: "text" };

/** See above. */
export const migrations: readonly string[] = [orders, oneIndexPerUser];
