// Puts the parts of authentication together: issuers with their keys, the cache, the guard.
import { oncePerMinute } from "../core/once-per-minute.ts";
import type { BackgroundJob } from "../core/background-job.ts";
import type { Guard } from "../http/guard.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Registry } from "../telemetry/prometheus.ts";
import { authenticator } from "./authenticator.ts";
import { clientCaller, serviceCaller } from "./caller-claims.ts";
import { guard } from "./guard.ts";
import { issuerKeys } from "./issuer-keys.ts";
import { keySource } from "./key-source.ts";
import { tokenCache } from "./token-cache.ts";

/** An issuer of tokens. */
export interface Issuer {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** The URL of its keys: https, file, or http. */
  readonly jwks: string;
}

/** Another service of the platform, whose tokens come from an issuer of their own. */
export interface CallingService extends Issuer {
  /** `sub` of its tokens. */
  readonly subject: string;
  /** What its tokens give, whatever they say. */
  readonly scopes: readonly string[];
}

interface CreateGuardOptions {
  /** The name of the service. */
  readonly realm: string;
  /** The issuer of the tokens of clients. */
  readonly clients: Issuer;
  /** The claim that makes a client a person. Undefined: all are programs. */
  readonly userClaim: string | undefined;
  /** Undefined: no service calls this one with a token of its own. */
  readonly callingService: CallingService | undefined;
  /** What `aud` of every token must contain. */
  readonly audience: string;
  readonly isEnforced: boolean;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** A guard, and the jobs that keep its keys fresh: it has no keys before their first runs. */
export interface GuardWithJobs {
  readonly guard: Guard;
  readonly jobs: readonly BackgroundJob[];
}

/** Makes a guard, which has no keys before its jobs run. */
export function createGuard({
  realm,
  clients,
  userClaim,
  callingService,
  audience,
  isEnforced,
  logger,
  registry,
}: CreateGuardOptions): GuardWithJobs {
  function keysAt(url: string) {
    const source = keySource(url);
    const mayWarn = oncePerMinute();
    return issuerKeys({
      source,
      changed({ keyIds }) {
        tokens.forget();
        logger.info({ keys: source.name, key_ids: keyIds.size }, "issuer's keys have changed");
      },
      failed(err, hasKeys) {
        if (!mayWarn()) return;
        logger.warn({ keys: source.name, err, has_keys: hasKeys }, "cannot read the issuer's keys");
      },
      recovered: () => logger.info({ keys: source.name }, "issuer's keys can be read again"),
    });
  }

  const trust = ({ issuer, jwks }: Issuer, toCaller: ReturnType<typeof clientCaller>) => ({
    issuer,
    keys: keysAt(jwks),
    toCaller,
  });
  const issuers = [trust(clients, clientCaller(userClaim))];
  if (callingService !== undefined) {
    const { subject, scopes } = callingService;
    issuers.push(trust(callingService, serviceCaller(subject, scopes)));
  }
  const tokens = authenticator({ issuers, audience, cache: tokenCache() });
  return {
    guard: guard({ realm, isEnforced, authenticator: tokens, registry }),
    jobs: issuers.map(({ keys }) => keys.job),
  };
}
