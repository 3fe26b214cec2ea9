// The services of the platform: what a new one has to be added to.

/** A service as the scripts know it. */
interface Service {
  /** The name of its folder. */
  readonly name: string;
  /** The colour of its log under `bun run dev`. */
  readonly colour: "cyan" | "magenta" | "yellow" | "green";
  /** The variables that tell it where other services are, by those services' names. */
  readonly neighbours?: Readonly<Record<string, string>>;
}

/** Under `bun run dev` the first listens on 8000, and each on the port after the one before it. */
export const services: readonly Service[] = [
  { name: "user-service", colour: "cyan" },
  {
    name: "order-service",
    colour: "magenta",
    neighbours: { USER_SERVICE_URL: "user-service" },
  },
];
