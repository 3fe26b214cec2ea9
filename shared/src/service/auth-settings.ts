// The variables of authentication: off unless AUTH_ISSUER is set.
import type { Environment, Setting } from "./env.ts";
import { enumeration } from "./setting-kinds.ts";

/** A text that is compared with a claim as it is. */
function claimText(variable: string, allowed: string): Setting<string | undefined> {
  return {
    variable,
    default: undefined,
    allowed,
    parse: (text) => (/^[\x21-\x7e]{1,512}$/.test(text) ? text : undefined),
  };
}

/** Whether keys that travel without encryption stay on this machine. */
const isLoopback = (host: string) => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(host);

function parseKeysUrl(text: string): string | undefined {
  if (/[\s\\#@*]/.test(text)) return undefined;
  const url = URL.parse(text);
  if (url === null) return undefined;
  if (url.protocol === "file:") {
    // No path has an encoded slash or NUL: to read it would fail.
    const isPath = /^file:(?:\/\/)?\/[^/?]/.test(text) && !/^\/$|%2f|%00/i.test(url.pathname);
    return isPath && url.host === "" && url.search === "" ? url.href : undefined;
  }
  if (!/^https?:\/\/[^/]/i.test(text)) return undefined;
  return url.protocol === "https:" || isLoopback(url.hostname) ? url.href : undefined;
}

/** Where an issuer publishes its keys. The value is a URL. */
function keysUrl(variable: string): Setting<string | undefined> {
  return {
    variable,
    default: undefined,
    isSecret: true,
    allowed:
      "an https URL without credentials or fragment, such as https://login.example/jwks.json, or " +
      "file: and an absolute path",
    parse: parseKeysUrl,
    remedy: (text) =>
      /^http:/i.test(text) ? "use https; http is for a loopback address alone" : undefined,
  };
}

const issuerOf = (variable: string, example: string) =>
  claimText(variable, `the iss of tokens without white space, such as ${example}`);

/** The settings of authentication that every service has. @param name the name of the service */
export function authSettings(name: string) {
  const authAudience: Setting<string> = {
    ...claimText("AUTH_AUDIENCE", "an aud of tokens without white space"),
    default: name,
  };
  return {
    /** `iss` of the tokens of callers. Undefined: authentication is off. */
    authIssuer: issuerOf("AUTH_ISSUER", "https://login.example"),
    authJwks: keysUrl("AUTH_JWKS"),
    /** What `aud` of every token must contain. */
    authAudience,
    /** The claim that makes a caller a person, and has the id of its user. Undefined: none does. */
    authUserClaim: claimText("AUTH_USER_CLAIM", "the name of a claim, such as user_id"),
    /** `observe`: tokens are verified and counted, and nothing is refused. */
    authMode: enumeration("AUTH_MODE", { default: "enforce", words: ["enforce", "observe"] }),
  };
}

/** The settings of a service that another service of the platform calls with a token of its own. */
export const serviceIssuerSettings = {
  authServiceIssuer: issuerOf(
    "AUTH_SERVICE_ISSUER",
    "https://kubernetes.default.svc.cluster.local",
  ),
  authServiceJwks: keysUrl("AUTH_SERVICE_JWKS"),
  authServiceSubject: claimText(
    "AUTH_SERVICE_SUBJECT",
    "the sub of the other service's tokens, such as system:serviceaccount:shop:order-service",
  ),
};

const dependent = ["AUTH_JWKS", "AUTH_AUDIENCE", "AUTH_USER_CLAIM"];
const ofService = Object.values(serviceIssuerSettings).map(({ variable }) => variable);

/**
 * What is wrong between the variables: one that is empty by mistake must not open the service.
 *
 * @param hasServiceIssuer whether the service has {@link serviceIssuerSettings}
 * @returns a line for each wrong variable
 */
export function authErrors(environment: Environment, hasServiceIssuer: boolean): string[] {
  const isSet = (variable: string) => (environment[variable] ?? "") !== "";
  if (!isSet("AUTH_ISSUER")) {
    // Those of the other service too: both may have one environment, and must not differ in being open. By
    // name, since Kubernetes sets AUTH_SERVICE_HOST and AUTH_PORT for a Service that is named `auth`.
    return [...dependent, ...ofService]
      .filter(isSet)
      .map((variable) => `Cannot use ${variable} without AUTH_ISSUER: set both or neither`);
  }
  const errors: string[] = [];
  if (!isSet("AUTH_JWKS")) {
    errors.push(
      "Cannot use AUTH_ISSUER without AUTH_JWKS: it must say where the issuer's keys are",
    );
  }
  if (!hasServiceIssuer || !ofService.some(isSet)) return errors;
  for (const variable of ofService) {
    if (isSet(variable)) continue;
    errors.push(`${variable} is missing: set all of ${ofService.join(", ")}, or none`);
  }
  if (environment["AUTH_SERVICE_ISSUER"] === environment["AUTH_ISSUER"]) {
    errors.push("Cannot use AUTH_SERVICE_ISSUER: it must be another issuer than AUTH_ISSUER");
  }
  return errors;
}
