// Both services, and an order-service with a flaky user-service, for load over minutes.
import { join } from "node:path";
import type { ServiceName } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { startCapturedService } from "../support/captured-service.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { inspectable } from "../support/footprint.ts";
import { healthy, userNotFound } from "../support/platform/fake-user-service.ts";
import { http, respond, respondAndClose } from "../support/upstream-behaviours.ts";
import type { Inspected } from "./idle-levels.ts";

const failures: readonly Behaviour[] = [
  respond(userNotFound),
  respond(http("500 Internal Server Error")),
  respondAndClose("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"),
  respond(http("200 OK", "{}")),
  {},
];

/** Is healthy for 11 ids in 16. The last digit of an id decides whether, and how, it fails. */
const flakyUpstream: Behaviour = {
  onRequest(socket, path) {
    (failures[Number.parseInt(path.slice(-1), 16)] ?? healthy).onRequest?.(socket, path);
  },
};

/** Three processes whose objects can be counted. */
export interface Soak extends AsyncDisposable {
  readonly users: Inspected;
  readonly orders: Inspected;
  /** An order-service with a flaky user-service. */
  readonly troubled: Inspected;
}

/** Starts them on fresh databases; their logs are thrown away. */
export async function startSoak(): Promise<Soak> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder()).path;
  const start = async (name: string, service: ServiceName, upstreamPort?: number) => {
    const inspector = join(folder, `${name}.socket`);
    const env = {
      ...inspectable(inspector),
      DATABASE_URL: `sqlite:${name}.db`,
      USER_SERVICE_URL: `http://127.0.0.1:${upstreamPort}`,
      USER_SERVICE_TIMEOUT_MS: name === "troubled" ? "100" : "60000",
    };
    const captured = await startCapturedService(service, { cwd: folder, env, isKept: false });
    const { pid, port } = stack.use(captured);
    return { pid, port, inspector, upstreamPort: upstreamPort ?? port };
  };
  const upstream = stack.use(await startFakeUpstream(flakyUpstream));
  const users = await start("users", "user-service");
  const orders = await start("orders", "order-service", users.port);
  const troubled = await start("troubled", "order-service", Number(new URL(upstream.url).port));
  const owned = stack.move();
  return { users, orders, troubled, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
