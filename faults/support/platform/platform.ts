// Both services as users run them: their executables, on databases in a folder of their own.
import { startExecutable, type Running } from "../../../shared/testing/executable.ts";
import { temporaryFolder } from "../../../shared/testing/running-service.ts";

type Environment = Readonly<Record<string, string>>;

/** Both services, ended with the scope. */
export interface Platform extends AsyncDisposable {
  /** Where their databases are, in `data/`. */
  readonly folder: string;
  readonly users: Running;
  readonly orders: Running;
}

/** Starts both services on fresh databases. */
export async function startPlatform({
  users: usersEnv = {},
  orders: ordersEnv = {},
}: { users?: Environment; orders?: Environment } = {}): Promise<Platform> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const users = stack.use(await startExecutable("user-service", { cwd: folder, env: usersEnv }));
  const env = { USER_SERVICE_URL: users.url, ...ordersEnv };
  const orders = stack.use(await startExecutable("order-service", { cwd: folder, env }));
  const running = stack.move();
  return { folder, users, orders, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** What `fetch` needs to send JSON. */
export function sending(
  method: "POST" | "PUT" | "PATCH",
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  return {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/** A user who is different for every number. */
export function newUser(n: number): { name: string; email: string } {
  return { name: `User ${n}`, email: `user${n}@example.com` };
}

/** An order of one item, whose article tells it from others. */
export function newOrder(userId: string, n: number) {
  return { user_id: userId, items: [{ sku: `ARTICLE-${n}`, quantity: 1, unit_price: 19.99 }] };
}

/** Makes a user. @returns the identifier */
export async function createUser(users: Pick<Running, "fetch">, n = 0): Promise<string> {
  const response = await users.fetch("/users", sending("POST", newUser(n)));
  if (response.status !== 201) throw new Error(`Cannot make a user: ${response.status}`);
  return ((await response.json()) as { id: string }).id;
}
