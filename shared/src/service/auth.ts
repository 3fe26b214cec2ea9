// Makes authentication where the environment names an issuer.
import type { CallingService, GuardWithJobs } from "../auth/create-guard.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Registry } from "../telemetry/prometheus.ts";
import type { authSettings } from "./auth-settings.ts";
import type { Config } from "./env.ts";

interface AuthOptions {
  /** The name of the service. */
  readonly name: string;
  readonly config: Config<ReturnType<typeof authSettings>>;
  /** Undefined: no service calls this one with a token of its own. */
  readonly callingService: CallingService | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Makes what checks tokens. @returns undefined if AUTH_ISSUER is not set */
export async function createAuth({
  name,
  config: { authIssuer: issuer, authJwks: jwks, authAudience, authUserClaim, authMode },
  ...parts
}: AuthOptions): Promise<GuardWithJobs | undefined> {
  if (issuer === undefined || jwks === undefined) return undefined;
  // Not imported at the top: a service without authentication starts without this code.
  const { createGuard } = await import("../auth/create-guard.ts");
  return createGuard({
    realm: name,
    clients: { issuer, jwks },
    userClaim: authUserClaim,
    audience: authAudience,
    isEnforced: authMode === "enforce",
    ...parts,
  });
}
