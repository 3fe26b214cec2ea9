// Both services, and an order-service whose neighbour is moody, for work that goes on for long.
import { join } from "node:path";
import type { ServiceName } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { healthy } from "../support/platform/fake-user-service.ts";
import { httpResponse, respond, respondAndClose } from "../support/upstream-behaviours.ts";
import { countable } from "../support/footprint.ts";
import type { Inspected } from "./idle-levels.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { startObserved } from "../support/captured-service.ts";

const moods: readonly Behaviour[] = [
  respond(httpResponse("404 Not Found")),
  respond(httpResponse("500 Internal Server Error")),
  respondAndClose("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"),
  respond(httpResponse("200 OK", "{}")),
  {},
];

/** Answers well as a rule; the end of the identifier tells when not, and how. */
const moody: Behaviour = {
  onRequest(socket, path) {
    (moods[Number.parseInt(path.slice(-1), 16)] ?? healthy).onRequest?.(socket, path);
  },
};

/** Three processes that can be looked into. */
export interface Soaked extends AsyncDisposable {
  readonly users: Inspected;
  readonly orders: Inspected;
  /** An order-service whose neighbour is moody. */
  readonly troubled: Inspected;
}

/** Starts them on fresh databases; what they log is thrown away. */
export async function startSoaked(): Promise<Soaked> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const start = async (name: string, service: ServiceName, upstreamPort?: number) => {
    const inspector = join(folder, `${name}.socket`);
    const env = {
      ...countable(inspector),
      DATABASE_URL: `sqlite:${name}.db`,
      USER_SERVICE_URL: `http://127.0.0.1:${upstreamPort}`,
      USER_SERVICE_TIMEOUT_MS: name === "troubled" ? "100" : "60000",
    };
    const observed = await startObserved(service, { cwd: folder, env, isKept: false });
    const { pid, port } = stack.use(observed);
    return { pid, port, inspector, neighbourPort: upstreamPort ?? port };
  };
  const upstream = stack.use(await startFakeUpstream(moody));
  const users = await start("users", "user-service");
  const orders = await start("orders", "order-service", users.port);
  const troubled = await start("troubled", "order-service", Number(new URL(upstream.url).port));
  const owned = stack.move();
  return { users, orders, troubled, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
