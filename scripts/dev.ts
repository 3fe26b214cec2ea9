// `bun run dev`: all services from source, restarted on change, with logs made for people.
import { resolve } from "node:path";
import { linePrinter } from "./dev-log.ts";
import { startService } from "./dev-service.ts";
import { services } from "./services.ts";

/** What the services themselves exit with when their configuration is wrong (EX_CONFIG). */
const configFault = 78;

/** Ctrl-C arrives twice, from the terminal and through `bun run`, and means one thing. */
const sameSignalMs = 1000;

const { DATABASE_URL: databaseUrl, PORT: givenPort } = process.env;
const firstPort = Number(givenPort || "8000");
const lastPort = firstPort + services.length - 1;

if (!Number.isInteger(firstPort) || firstPort < 1 || lastPort > 65_535) {
  const largest = 65_535 - services.length + 1;
  console.error(
    `Cannot use PORT "${givenPort}": it is the first of ${services.length} ports, and must be a whole number from 1 to ${largest}`,
  );
  process.exit(configFault);
}
if (databaseUrl) {
  console.error("Cannot use DATABASE_URL: it is one database, and each service needs its own");
  process.exit(configFault);
}

const root = resolve(import.meta.dir, "..");
const width = Math.max(...services.map(({ name }) => name.length));
const urlOf = (name: string) =>
  `http://localhost:${firstPort + services.findIndex((service) => service.name === name)}`;

/** Where a service finds its neighbours, unless it was told otherwise. */
function urls(neighbours: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(neighbours).map(([variable, name]) => [
      variable,
      process.env[variable] || urlOf(name),
    ]),
  );
}

const running = services.map(({ name, colour, neighbours }, index) =>
  startService({
    name,
    root,
    port: firstPort + index,
    env: { ...process.env, ...urls(neighbours) },
    print: linePrinter(name, width, colour),
  }),
);

let stoppingSince: number | undefined;
function stop(): void {
  stoppingSince ??= performance.now();
  for (const service of running) service.stop();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stoppingSince === undefined || performance.now() - stoppingSince < sameSignalMs) stop();
    else for (const service of running) service.kill();
  });
}
// Whoever read our output has gone, as in `bun run dev | head`.
process.stdout.on("error", stop);

void Promise.all(running.map(({ ready }) => ready)).then(() => process.stdout.write(welcome()));

// One service alone is no platform: when one fails to start, the other stops, and its status is ours.
for (const { ended } of running) {
  void ended.then((status) => {
    process.exitCode ||= status;
    stop();
  });
}

function welcome(): string {
  const list = (path: string) => services.map(({ name }) => urlOf(name) + path).join("   ");
  return `
The services are ready. A change to the source restarts them, Ctrl-C stops them.

  API reference  ${list("/swagger")}
  Metrics        ${list("/metrics")}

Create a user, then an order for that user:

user_id=$(curl -sS ${urlOf("user-service")}/users -H 'Content-Type: application/json' \\
  -d '{"name": "Ada Lovelace", "email": "ada.'$(date +%s)'@example.com"}' |
  sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
curl -sS -w '\\n' ${urlOf("order-service")}/orders -H 'Content-Type: application/json' \\
  -d '{"user_id": "'$user_id'", "items": [{"sku": "tea", "quantity": 2, "unit_price": 22.74}]}'
`;
}
