// An identity provider that a test controls, and an attacker who wants to be one.
import { bearer, testIssuer, type TestIssuer } from "../../shared/testing/test-issuer.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { startService, type Service } from "../support/platform/services.ts";
import { http, respondAndClose } from "../support/upstream-behaviours.ts";

/** The scope of every token of these tests. */
const scope = "users:read";

/** A key as a provider publishes it. */
type PublishedKey = ReturnType<TestIssuer["key"]>["published"];

/** A provider whose keys are fetched over HTTP. */
export interface IdentityProvider extends AsyncDisposable {
  readonly issuer: TestIssuer;
  /** The variables of a service that trusts it. */
  readonly env: Readonly<Record<string, string>>;
  /** Fetches since the last change of behaviour. */
  readonly fetches: number;
  /** Resolves when its keys were fetched so often since the last change of behaviour. */
  fetched(count?: number): Promise<void>;
  /** Publishes these keys. Default: the key that signs. */
  publish(...keys: PublishedKey[]): void;
  /** Closes all connections and changes the behaviour. */
  restart(behaviour: Behaviour): void;
  /** A token that is good as long as its key is published, and that no service has seen. */
  token(): Promise<string>;
}

const textOf = (keys: readonly PublishedKey[]) => JSON.stringify({ keys });

/** Responds with a key set. @param status with its reason */
export function keySet(keys: readonly PublishedKey[], status = "200 OK"): Behaviour {
  return respondAndClose(http(status, textOf(keys), "content-type: application/jwk-set+json"));
}

/** Starts a provider that publishes its key, unless `first` says otherwise. */
export async function startIdentityProvider(first?: Behaviour): Promise<IdentityProvider> {
  await using stack = new AsyncDisposableStack();
  const issuer = stack.use(await testIssuer());
  const upstream = stack.use(await startFakeUpstream(first ?? keySet([issuer.key().published])));
  const owned = stack.move();
  return {
    issuer,
    env: issuer.environment({ AUTH_JWKS: `${upstream.url}/keys` }),
    get fetches() {
      return upstream.calls;
    },
    fetched: (count) => upstream.called(count),
    publish: (...keys) =>
      upstream.behave(keySet(keys.length === 0 ? [issuer.key().published] : keys)),
    restart: (behaviour) => upstream.restart(behaviour),
    token: () => issuer.token({ scope, jti: crypto.randomUUID() }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Somebody with a key that no service may trust. */
export interface Attacker extends AsyncDisposable {
  readonly key: PublishedKey;
  /** The same key, published so that no signature may be verified with it, and keys that are too weak. */
  unusableKeys(): Promise<PublishedKey[]>;
  /** A token that is good but for its signature. */
  token(header?: Readonly<Record<string, unknown>>): Promise<string>;
}

/** Makes an attacker, whose tokens claim to be the issuer's. */
export async function attackerOf({ issuer: { issuer } }: IdentityProvider): Promise<Attacker> {
  const forger = await testIssuer({ issuer });
  const { privateKey, published } = forger.key();
  return {
    key: published,
    async unusableKeys() {
      const { d = "" } = await crypto.subtle.exportKey("jwk", privateKey);
      return [
        { ...published, use: "enc" },
        { ...published, alg: "HS256" },
        { ...published, key_ops: ["sign"] },
        { ...published, d },
        { kty: "oct", kid: "shared", k: Buffer.alloc(32).toString("base64url"), alg: "HS256" },
        { kty: "RSA", kid: "short", n: Buffer.alloc(128, 0xff).toString("base64url"), e: "AQAB" },
      ];
    },
    token: (header = {}) => forger.token({ scope, jti: crypto.randomUUID() }, header),
    [Symbol.asyncDispose]: () => forger[Symbol.asyncDispose](),
  };
}

/**
 * Starts user-service, and waits until it has the provider's keys: if they do not arrive in time, it
 * listens without them.
 */
export async function startUserService(
  { env }: Pick<IdentityProvider, "env">,
  more: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const users = await startService("user-service", { ...env, ...more });
  await users.logged("issuer's keys have changed");
  return users;
}

/** The status of a request for users with this token. */
export async function statusOf({ fetch }: Pick<Service, "fetch">, token: string): Promise<number> {
  const response = await fetch("/users?limit=1", { headers: bearer(token) });
  await response.body?.cancel();
  return response.status;
}
