// Sends requests to both services until SIGINT or SIGTERM, then prints how many failed. e2e-kind.sh runs
// it inside a cluster; elsewhere: bun run e2e:load USER_SERVICE_URL ORDER_SERVICE_URL
import process from "node:process";

const [users = "http://localhost:8000", orders = "http://localhost:8001"] = process.argv.slice(2);

const clients = 8;
const headers = { "content-type": "application/json" };
const failures = new Map<string, number>();
let sent = 0;
let isOver = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => (isOver = true));

/** Sends a request. @returns the body of the response; undefined, and counted, if it failed */
async function send(status: number, url: string, body?: object): Promise<unknown> {
  sent += 1;
  try {
    const init = body ? { method: "POST", headers, body: JSON.stringify(body) } : {};
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(15_000) });
    if (response.status === status) return await response.json();
    fail(`${response.status} of ${url}`);
  } catch (error) {
    fail(`${String(error)} of ${url}`);
  }
  return undefined;
}

function fail(what: string): void {
  failures.set(what, (failures.get(what) ?? 0) + 1);
}

async function client(n: number): Promise<void> {
  for (let round = 0; !isOver; round += 1) {
    const email = `load-${process.pid}-${Date.now()}-${n}-${round}@example.com`;
    const user = (await send(201, `${users}/users`, { name: "Load", email })) as
      | { id: string }
      | undefined;
    if (user === undefined) continue;
    const items = [{ sku: "LOAD", quantity: 1, unit_price: 1 }];
    await send(201, `${orders}/orders`, { user_id: user.id, items });
    await send(200, `${users}/users/${user.id}`);
    await send(200, `${orders}/orders?limit=1&user_id=${user.id}`);
  }
}

await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
for (const [what, count] of failures) console.log(`${count} × ${what}`);
const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
console.log(`${sent} requests, ${failed} failed`);
process.exit(failed > 0 || sent === 0 ? 1 : 0);
