// A user-service for tests, which responds as a test says.
import type { Tracer } from "@platform/shared/core/tracer";
import { metricIn } from "@platform/shared/testing/running-service";
import { createLog } from "@platform/shared/telemetry/logger";
import { Registry } from "prom-client";
import type { Fetch } from "../src/user-service/bounded-fetch.ts";
import { userServiceMetrics } from "../src/user-service/metrics.ts";
import type { SentToken } from "../src/user-service/service-token.ts";
import { userDirectory } from "../src/user-service/user-directory.ts";

export type Respond = (request: Request) => Response | Promise<Response>;

/** A user as user-service sends it. */
export const userOf = (id: string) => ({
  id,
  name: "Alice",
  email: "alice@example.com",
  created_at: "2026-01-31T12:00:00.000Z",
  updated_at: "2026-01-31T12:00:00.000Z",
});

/** user-service's response to a request for a user that does not exist. */
export const userNotFound = () => Response.json({ detail: "User not found" }, { status: 404 });

/** The id in the path of a request for one user. */
export const idIn = ({ url }: Request): string => new URL(url).pathname.slice("/users/".length);

/** A user-service as a fetch and as the handler of a server, and the requests that reached it. */
export function fakeUserService(respond: Respond) {
  const requests: Request[] = [];
  const handle: Respond = (request) => {
    requests.push(new Request(request)); // Bun empties the headers of a request that has had its response
    return respond(request);
  };
  const fetch: Fetch = async (input, init) =>
    handle(new Request(input instanceof Request ? input.url : String(input), init));
  return { fetch, handle, requests };
}

/** The counter of attempts that ended with this status. */
export const attempts = (status: string) =>
  `external_service_calls_total{service="user-service",status="${status}"}`;

/** The number of attempts whose time was taken. */
export const timedAttempts = `external_service_duration_seconds_count{service="user-service"}`;

export const circuitState = `circuit_state{service="user-service"}`;

/** A directory that asks a user-service by this fetch. */
export function directoryOn(
  fetch: Fetch,
  {
    url = "http://users",
    timeoutMs = 60_000,
    tracer,
    token,
  }: { url?: string; timeoutMs?: number; tracer?: Tracer; token?: SentToken } = {},
) {
  const registry = new Registry();
  const { logger } = createLog({ service: "test", version: "test", level: "silent" });
  const metrics = userServiceMetrics(registry);
  const lookUp = () => Promise.resolve([]);
  const users = userDirectory({ url, timeoutMs, logger, metrics, tracer, token, fetch, lookUp });
  return {
    users,
    checkAll: (ids: readonly string[]) => Promise.all(ids.map((id) => users.check(id))),
    metric: (series: string) => metricIn(registry, series),
  };
}
