// Starts authentication where the environment names an issuer.
import { atMostEvery } from "../core/at-most-every.ts";
import type { BackgroundJob } from "../core/background-job.ts";
import type { Guard } from "../http/guard.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Registry } from "../telemetry/prometheus.ts";
import type { authSettings } from "./auth-settings.ts";
import type { Config } from "./env.ts";

/** Another service of the platform, whose tokens come from an issuer of their own. */
export interface CallingService {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** The URL of the issuer's keys. */
  readonly jwks: string;
  /** `sub` of its tokens. */
  readonly subject: string;
  /** What its tokens give, whatever they say. */
  readonly scopes: readonly string[];
}

interface AuthOptions {
  /** The name of the service. */
  readonly name: string;
  readonly config: Config<ReturnType<typeof authSettings>>;
  /** Undefined: no service calls this one with a token of its own. */
  readonly callingService: CallingService | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** A guard, and the jobs that keep its keys fresh. */
interface Auth {
  readonly guard: Guard;
  readonly jobs: readonly BackgroundJob[];
}

/** Between two lines about keys that cannot be had, in ms. */
const warningIntervalMs = 60_000;

/** Makes what checks tokens. @returns undefined if AUTH_ISSUER is not set */
export async function startAuth({
  name,
  config: { authIssuer: issuer, authJwks: jwks, authAudience, authUserClaim, authMode },
  callingService,
  logger,
  registry,
}: AuthOptions): Promise<Auth | undefined> {
  if (issuer === undefined || jwks === undefined) return undefined;
  // Not imported at the top: a service without authentication starts without this code.
  const [{ authenticator }, claims, { guard }, { issuerKeys }, { keySource }, { tokenCache }] =
    await Promise.all([
      import("../auth/authenticator.ts"),
      import("../auth/caller-claims.ts"),
      import("../auth/guard.ts"),
      import("../auth/issuer-keys.ts"),
      import("../auth/key-source.ts"),
      import("../auth/token-cache.ts"),
    ]);

  function keysAt(url: string) {
    const source = keySource(url);
    const mayWarn = atMostEvery(warningIntervalMs);
    return issuerKeys({
      source,
      recovered: () => logger.info({ keys: source.name }, "issuer's keys can be read again"),
      changed({ keyIds }) {
        verified.forget();
        logger.info({ keys: source.name, key_ids: keyIds.size }, "issuer's keys have changed");
      },
      failed(err, hasKeys) {
        if (!mayWarn()) return;
        logger.warn({ keys: source.name, err, has_keys: hasKeys }, "cannot read the issuer's keys");
      },
    });
  }

  const issuers = [{ issuer, keys: keysAt(jwks), toCaller: claims.clientCaller(authUserClaim) }];
  if (callingService !== undefined) {
    const { issuer, jwks, subject, scopes } = callingService;
    const toCaller = claims.serviceCaller(subject, scopes);
    issuers.push({ issuer, keys: keysAt(jwks), toCaller });
  }
  const verified = authenticator({ issuers, audience: authAudience, cache: tokenCache() });
  const isEnforced = authMode === "enforce";
  const { authenticate } = verified;
  return {
    guard: guard({ realm: name, isEnforced, authenticate, registry }),
    jobs: issuers.map(({ keys }) => keys.job),
  };
}
