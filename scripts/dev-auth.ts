// What `bun run dev --auth` adds: an issuer, the services' variables for it, and their tokens.
import { pathToFileURL } from "node:url";
import { bunCommand } from "./bun-command.ts";
import {
  clientIssuer,
  defaultMinutes,
  jwksFile,
  serviceIssuer,
  type SignToken,
  startIssuer,
  userClaim,
  writePrivateFile,
} from "./dev-issuer.ts";
import { type ExampleTokens, type Service, serviceNames, services } from "./services.ts";

/** The services accept tokens. */
interface DevAuth {
  /** The variables of each service, by its name. */
  readonly environments: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Shell commands to try, with tokens. */
  examples(urlOf: (service: string) => string): Promise<string[]>;
}

/** A year: the services' tokens last longer than any run of `bun run dev`, which writes them anew. */
const serviceTokenMinutes = 365 * 24 * 60;

const jwks = pathToFileURL(jwksFile).href;

/** The variables that {@link startAuth} sets, or that would change what it is for. */
export const ownVariables = [
  "AUTH_ISSUER",
  "AUTH_JWKS",
  "AUTH_AUDIENCE",
  "AUTH_USER_CLAIM",
  "AUTH_SERVICE_ISSUER",
  "AUTH_SERVICE_JWKS",
  "AUTH_SERVICE_SUBJECT",
  ...services.flatMap(({ tokenFiles = {} }) => Object.keys(tokenFiles)),
];

/** Makes the variables of a service, and the files that they name. */
async function environmentOf({ name, tokenFiles = {} }: Service, sign: SignToken) {
  const env: Record<string, string> = {
    AUTH_ISSUER: clientIssuer,
    AUTH_JWKS: jwks,
    AUTH_USER_CLAIM: userClaim,
  };
  const caller = services.find((other) => Object.values(other.tokenFiles ?? {}).includes(name));
  if (caller !== undefined) {
    env["AUTH_SERVICE_ISSUER"] = serviceIssuer;
    env["AUTH_SERVICE_JWKS"] = jwks;
    env["AUTH_SERVICE_SUBJECT"] = caller.name;
  }
  for (const [variable, upstream] of Object.entries(tokenFiles)) {
    const grant = { issuer: serviceIssuer, scopes: "", minutes: serviceTokenMinutes };
    const token = await sign({ ...grant, client: name, audience: [upstream] });
    env[variable] = writePrivateFile(`${name}-token-for-${upstream}`, token);
  }
  return env;
}

/** Makes what authentication needs. @throws Error with what to do */
export async function startAuth(): Promise<DevAuth> {
  const sign = await startIssuer();
  const environments = new Map<string, Record<string, string>>();
  for (const service of services) {
    environments.set(service.name, await environmentOf(service, sign));
  }
  const tokens: ExampleTokens = {
    program: (client, scopes) =>
      sign({ client, scopes, audience: serviceNames, minutes: defaultMinutes }),
    person: (user, scopes) =>
      `${bunCommand()} run --silent dev:token --user "${user}" \\\n  --scope '${scopes}'`,
  };
  return {
    environments,
    async examples(urlOf) {
      const made: string[] = [];
      for (const { name, authExample } of services) {
        if (authExample !== undefined) made.push(await authExample(urlOf(name), tokens));
      }
      return made;
    },
  };
}
