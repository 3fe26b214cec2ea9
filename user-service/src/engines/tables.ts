// The tables of user-service, for copies from one engine to the other.
import { idempotencyKeys, secrets } from "@platform/shared/copy/common-tables";
import type { CopiedTable } from "@platform/shared/copy/table";

/** In an order in which every row can be stored. */
export const tables: readonly CopiedTable[] = [
  secrets,
  {
    name: "users",
    key: "id",
    columns: {
      id: "uuid",
      name: "text",
      email: "text",
      created_at: "integer",
      updated_at: "integer",
    },
  },
  idempotencyKeys(),
];
