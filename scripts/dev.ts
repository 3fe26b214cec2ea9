// `bun run dev`: both services from source, restarted on change, with logs made for people.
import { resolve } from "node:path";
import { linePrinter } from "./dev-log.ts";
import { startService } from "./dev-service.ts";

/** What the services themselves exit with when their configuration is wrong (EX_CONFIG). */
const configFault = 78;

/** Ctrl-C arrives twice, from the terminal and through `bun run`, and means one thing. */
const sameSignalMs = 1000;

const { DATABASE_URL: databaseUrl, PORT: givenPort, USER_SERVICE_URL: givenUrl } = process.env;
const userPort = Number(givenPort || "8000");
const orderPort = userPort + 1;

if (!Number.isInteger(userPort) || userPort < 1 || orderPort > 65_535) {
  console.error(
    `Cannot use PORT "${givenPort}": for two services it must be a whole number from 1 to 65534`,
  );
  process.exit(configFault);
}
if (databaseUrl) {
  console.error(
    "Cannot use DATABASE_URL: it is one database, and each of the services needs its own",
  );
  process.exit(configFault);
}

const root = resolve(import.meta.dir, "..");
const width = "order-service".length;
const services = [
  startService({
    name: "user-service",
    root,
    port: userPort,
    env: process.env,
    print: linePrinter("user-service", width, "cyan"),
  }),
  startService({
    name: "order-service",
    root,
    port: orderPort,
    env: { ...process.env, USER_SERVICE_URL: givenUrl || `http://localhost:${userPort}` },
    print: linePrinter("order-service", width, "magenta"),
  }),
];

let stoppingSince: number | undefined;
function stop(): void {
  stoppingSince ??= performance.now();
  for (const service of services) service.stop();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stoppingSince === undefined || performance.now() - stoppingSince < sameSignalMs) stop();
    else for (const service of services) service.kill();
  });
}
// Whoever read our output has gone, as in `bun run dev | head`.
process.stdout.on("error", stop);

void Promise.all(services.map(({ ready }) => ready)).then(() => process.stdout.write(welcome()));

// One service alone is no platform: when one fails to start, the other stops, and its status is ours.
for (const { ended } of services) {
  void ended.then((status) => {
    process.exitCode ||= status;
    stop();
  });
}

function welcome(): string {
  const [user, order] = [`http://localhost:${userPort}`, `http://localhost:${orderPort}`];
  return `
Both services are ready. A change to the source restarts them, Ctrl-C stops them.

  API reference  ${user}/swagger   ${order}/swagger
  Metrics        ${user}/metrics   ${order}/metrics

Create a user, then an order for that user:

user_id=$(curl -sS ${user}/users -H 'Content-Type: application/json' \\
  -d '{"name": "Ada Lovelace", "email": "ada.'$(date +%s)'@example.com"}' |
  sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
curl -sS -w '\\n' ${order}/orders -H 'Content-Type: application/json' \\
  -d '{"user_id": "'$user_id'", "items": [{"sku": "tea", "quantity": 2, "unit_price": 22.74}]}'
`;
}
