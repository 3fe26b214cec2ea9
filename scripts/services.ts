// The services of the platform: what a new one has to be added to.

/** The colour of a service's log under `bun run dev`. */
export type Colour = "cyan" | "magenta" | "yellow" | "green";

/** Makes the tokens in the examples of `bun run dev --auth`. */
export interface ExampleTokens {
  /** Makes the token of a program. @param client its name, which the services log as `caller` */
  program(client: string, scopes: string): Promise<string>;
  /** Makes a shell command that prints the token of a person. @param user a shell variable with its id */
  person(user: string, scopes: string): string;
}

/** A service as the scripts know it. */
export interface Service {
  /** The name of its folder. */
  readonly name: string;
  readonly colour: Colour;
  /** The variables that hold the URLs of the services that it calls, with those services' names. */
  readonly upstreams?: Readonly<Record<string, string>>;
  /** The variables with the paths of its own tokens, and the names of the services that accept those. */
  readonly tokenFiles?: Readonly<Record<string, string>>;
  /**
   * Shell commands that `bun run dev` suggests. They run after the examples of the services above.
   *
   * @param url where the service listens
   */
  readonly example?: (url: string) => string;
  /** The same under `bun run dev --auth`. */
  readonly authExample?: (url: string, tokens: ExampleTokens) => Promise<string>;
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
    authExample: async (
      url,
      tokens,
    ) => String.raw`# A program that reads and writes users creates one, and reads it
users='Authorization: Bearer ${await tokens.program("user-admin", "users:read users:write")}'
user_id=$(curl -sS ${url}/users -H "$users" -H 'Content-Type: application/json' \
  -d '{"name": "Ada Lovelace", "email": "ada.'$(date +%s)'@example.com"}' |
  sed 's/.*"id":"\([^"]*\)".*/\1/')
curl -sS -w '\n' ${url}/users/$user_id -H "$users"
`,
  },
  {
    name: "order-service",
    colour: "magenta",
    upstreams: { USER_SERVICE_URL: "user-service" },
    tokenFiles: { USER_SERVICE_TOKEN_FILE: "user-service" },
    example: (url) => String.raw`# Place an order for that user
curl -sS -w '\n' ${url}/orders -H 'Content-Type: application/json' \
  -d '{"user_id": "'$user_id'", "items": [{"sku": "tea", "quantity": 2, "unit_price": 22.74}]}'`,
    authExample: async (
      url,
      tokens,
    ) => String.raw`# That user as a person places an order, and sees its own orders alone
person="Authorization: Bearer $(${tokens.person("$user_id", "users:read orders:read orders:write")})"
order_id=$(curl -sS ${url}/orders -H "$person" -H 'Content-Type: application/json' \
  -d '{"user_id": "'$user_id'", "items": [{"sku": "tea", "quantity": 2, "unit_price": 22.74}]}' |
  sed 's/.*"id":"\([^"]*\)".*/\1/')
curl -sS -w '\n' ${url}/orders -H "$person"

# A program that fulfils orders confirms that one
fulfilment='Authorization: Bearer ${await tokens.program("fulfilment", "orders:read orders:fulfil")}'
curl -sS -w '\n' -X PATCH ${url}/orders/$order_id -H "$fulfilment" \
  -H 'Content-Type: application/json' -d '{"status": "confirmed"}'

# Without a token the status is 401
curl -sS -w '\n' -i ${url}/orders`,
  },
];

/** The names of all services. */
export const serviceNames = services.map(({ name }) => name);
