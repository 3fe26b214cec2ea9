// Both services as users run them: executables on databases in a temporary folder.
import { expect } from "bun:test";
import {
  startExecutable,
  type Running,
  type ServiceName,
} from "../../../shared/testing/executable.ts";
import { temporaryFolder } from "../../../shared/testing/temporary-folder.ts";

type Environment = Readonly<Record<string, string>>;

/** A service whose database is in `folder`, under `data/`. */
export interface Service extends Running {
  readonly folder: string;
}

/** Starts one service in a temporary folder of its own. */
export async function startService(service: ServiceName, env: Environment = {}): Promise<Service> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder()).path;
  const running = stack.use(await startExecutable(service, { cwd: folder, env }));
  const owned = stack.move();
  return { ...running, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Both services, their databases in one folder. */
export interface Platform extends AsyncDisposable {
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
  const users = stack.use(await startService("user-service", usersEnv));
  const { folder } = users;
  const env = { USER_SERVICE_URL: users.url, ...ordersEnv };
  const orders = stack.use(await startExecutable("order-service", { cwd: folder, env }));
  const running = stack.move();
  return { folder, users, orders, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Sends SIGTERM, and expects that the service ends without complaint. */
export async function expectCleanExit(running: Pick<Running, "kill" | "exited">): Promise<void> {
  running.kill("SIGTERM");
  expect(await running.exited).toBe(0);
}

/** Kills a service as a crash does, without any chance to clean up. */
export async function crash({ kill, exited }: Running): Promise<void> {
  kill("SIGKILL");
  await exited;
}
