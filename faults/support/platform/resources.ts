// The resources of both services as clients read them. The tests in faults/ know a service by its
// HTTP interface alone, so they share no type with it.

/** A user in responses. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** An order in responses. */
export interface Order {
  readonly id: string;
  readonly user_id: string;
  readonly items: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly unit_price: number;
  }[];
  readonly total_amount: number;
  readonly status: "pending" | "confirmed" | "shipped" | "delivered" | "cancelled";
  readonly created_at: string;
  readonly updated_at: string;
}
