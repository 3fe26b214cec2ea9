// The services of the platform: what a new one has to be added to.

/** The colour of a service's log under `bun run dev`. */
export type Colour = "cyan" | "magenta" | "yellow" | "green";

/** A service as the scripts know it. */
interface Service {
  /** The name of its folder. */
  readonly name: string;
  readonly colour: Colour;
  /** The variables that hold the URLs of the services that it calls, with those services' names. */
  readonly upstreams?: Readonly<Record<string, string>>;
  /**
   * Shell commands that `bun run dev` suggests. They run after the examples of the services above.
   *
   * @param url where the service listens
   */
  readonly example?: (url: string) => string;
}

/** Under `bun run dev` the first listens on port 8000, each other on the port after the one above it. */
export const services: readonly Service[] = [
  {
    name: "user-service",
    colour: "cyan",
    example: (url) => String.raw`# Create a user
user_id=$(curl -sS ${url}/users -H 'Content-Type: application/json' \
  -d '{"name": "Ada Lovelace", "email": "ada.'$(date +%s)'@example.com"}' |
  sed 's/.*"id":"\([^"]*\)".*/\1/')`,
  },
  {
    name: "order-service",
    colour: "magenta",
    upstreams: { USER_SERVICE_URL: "user-service" },
    example: (url) => String.raw`# Place an order for that user
curl -sS -w '\n' ${url}/orders -H 'Content-Type: application/json' \
  -d '{"user_id": "'$user_id'", "items": [{"sku": "tea", "quantity": 2, "unit_price": 22.74}]}'`,
  },
];
