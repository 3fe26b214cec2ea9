// Sends requests to both services until SIGINT or SIGTERM, then prints how many failed. e2e-kind.sh runs
// it inside a cluster; elsewhere: bun run e2e:load USER_SERVICE_URL ORDER_SERVICE_URL
import process from "node:process";

const [users = "http://localhost:8000", orders = "http://localhost:8001"] = process.argv.slice(2);

const clients = 8;

/** How long a client waits after a failure: one that cannot connect would use a whole core. */
const pauseMs = 100;

const headers = { "content-type": "application/json" };
const failures: string[] = [];
let sent = 0;
let isOver = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => (isOver = true));

/** Keeps a failure, and prints the first at once: the services may not be there. */
function fail(what: string): undefined {
  if (failures.push(what) === 1) console.error(`Failed, and goes on: ${what}`);
  return undefined;
}

/** Sends a request. @returns the body of the response; undefined, and a failure more, if it failed */
async function send<T>(status: number, url: string, body?: object): Promise<T | undefined> {
  sent += 1;
  try {
    const init = body ? { method: "POST", headers, body: JSON.stringify(body) } : {};
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(15_000) });
    // The services' own tests check that a body with this status has the type that the API documents.
    if (response.status === status) return (await response.json()) as T;
    return fail(`${response.status} of ${url}`);
  } catch (error) {
    return fail(`${String(error)} of ${url}`);
  }
}

async function client(n: number): Promise<void> {
  for (let round = 0; !isOver; round += 1) {
    const email = `load-${process.pid}-${Date.now()}-${n}-${round}@example.com`;
    const user = await send<{ id: string }>(201, `${users}/users`, { name: "Load", email });
    if (user === undefined) {
      await Bun.sleep(pauseMs);
      continue;
    }
    const items = [{ sku: "LOAD", quantity: 1, unit_price: 1 }];
    await send(201, `${orders}/orders`, { user_id: user.id, items });
    await send(200, `${users}/users/${user.id}`);
    await send(200, `${orders}/orders?limit=1&user_id=${user.id}`);
  }
}

await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
for (const [what, { length }] of Map.groupBy(failures, (failure) => failure)) {
  console.log(`${length} × ${what}`);
}
console.log(`${sent} requests, ${failures.length} failed`);
process.exit(failures.length > 0 || sent === 0 ? 1 : 0);
