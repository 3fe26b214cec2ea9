// Both services, published by a proxy as docs/behind-a-proxy.md says.
import { startPlatform, type Platform } from "../support/platform/services.ts";
import { adapted } from "../support/page.ts";
import { configurationOf } from "./page.ts";
import type { Proxy } from "./proxy.ts";
import type { Program } from "../../shared/testing/required-program.ts";
import { startCaddy, startHaproxy, startNginx } from "./programs.ts";

/** How a proxy is started, and how its configuration names one more replica of a service. */
interface Publishing {
  readonly language: string;
  start(configuration: string): Promise<Proxy>;
  /** The text that has both replicas in place of one. Addresses are `host:port`. */
  withReplica(configuration: string, address: string, replica: string): string;
}

/** The proxies whose configuration on the page publishes both services. */
const proxies = {
  nginx: {
    language: "nginx",
    start: startNginx,
    withReplica: (text, address, replica) =>
      adapted(text, { [`server ${address};`]: `server ${address}; server ${replica};` }),
  },
  haproxy: {
    language: "haproxy",
    start: startHaproxy,
    withReplica: (text, address, replica) =>
      adapted(text, {
        [`server one ${address}`]: `server one ${address}\n    server two ${replica}`,
      }),
  },
  caddy: {
    language: "caddyfile",
    start: startCaddy,
    withReplica: (text, address, replica) =>
      adapted(text, { [`reverse_proxy ${address}`]: `reverse_proxy ${address} ${replica}` }),
  },
} as const satisfies Partial<Record<Program, Publishing>>;

export type Publisher = keyof typeof proxies;

export const publishers = Object.keys(proxies) as Publisher[];

/** The addresses that the page gives the services. */
const [usersAddress, ordersAddress] = ["127.0.0.1:8000", "127.0.0.1:8001"];

/** The services, and a proxy in front of both. */
export interface Published extends AsyncDisposable {
  readonly platform: Platform;
  readonly proxy: Proxy;
}

interface PublishOptions {
  /** Variables of user-service. */
  readonly users?: Readonly<Record<string, string>>;
  /** Where the proxy finds user-service, as a port; by default that of user-service. */
  usersPort?(platform: Platform): Promise<number> | number;
  /** The port of one more replica of user-service. */
  replicaPort?(platform: Platform): Promise<number>;
  /** Texts of the configuration to replace. */
  readonly changes?: Readonly<Record<string, string>>;
}

/** Starts both services and a proxy with its configuration of the page. */
export async function publish(
  program: Publisher,
  { users = {}, usersPort, replicaPort, changes = {} }: PublishOptions = {},
): Promise<Published> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform({ users }));
  const { language, start, withReplica } = proxies[program];
  const address = `127.0.0.1:${(await usersPort?.(platform)) ?? platform.users.port}`;
  let configuration = adapted(configurationOf(language), {
    [usersAddress]: address,
    [ordersAddress]: `127.0.0.1:${platform.orders.port}`,
    ...changes,
  });
  const replica = await replicaPort?.(platform);
  if (replica !== undefined) {
    configuration = withReplica(configuration, address, `127.0.0.1:${replica}`);
  }
  const proxy = stack.use(await start(configuration));
  const owned = stack.move();
  return { platform, proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
