// What an operator has to do where user-service does not accept the calls of order-service.
import { oncePerMinute } from "@platform/shared/core/once-per-minute";
import type { Logger } from "@platform/shared/telemetry/logger";

const noToken = "set USER_SERVICE_TOKEN_FILE: user-service accepts no call without a token";
const badToken =
  "compare iss, sub and aud of the token in USER_SERVICE_TOKEN_FILE with AUTH_SERVICE_ISSUER, " +
  "AUTH_SERVICE_SUBJECT and AUTH_AUDIENCE of user-service, whose log has the reason";
const noScope =
  "let the issuer of the token in USER_SERVICE_TOKEN_FILE add the scope users:read, or name that " +
  "issuer in AUTH_SERVICE_ISSUER of user-service";

/** Makes a function that logs at most once a minute what to do about a refused call. */
export function refusedCalls(logger: Logger, hasToken: boolean): (status: 401 | 403) => void {
  const mayLog = oncePerMinute();
  return (status) => {
    if (!mayLog()) return;
    const ofToken = status === 401 ? badToken : noScope;
    const remedy = hasToken ? ofToken : noToken;
    logger.warn({ upstream: "user-service", status, remedy }, "calls are refused");
  };
}
