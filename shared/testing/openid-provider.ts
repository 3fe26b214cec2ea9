// An OpenID provider that others have written, as a peer: what services make of its tokens does not depend
// on how this project reads the standards.
import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { jest } from "bun:test";
import { exportJWK, generateKeyPair, type JWK } from "jose";

/** A provider that runs; ended at the end of its scope. */
export interface OpenIdProvider extends AsyncDisposable {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** The URL of its keys. */
  readonly jwks: string;
  /** The token of a program, by client credentials. */
  programToken(audience: string, scope: string): Promise<string>;
  /** The token of a person, who signs in; its claim `user_id` is the id. By a code with PKCE. */
  personToken(audience: string, scope: string, userId: string): Promise<string>;
}

const clientSecret = "a secret of the tests, which opens nothing";
const redirectUri = "https://app.test/signed-in";

interface Session {
  readonly accountId: string;
}

/** The part of the provider's context that is read. */
interface Context {
  readonly oidc: { readonly session: Session; readonly params: Readonly<Record<string, string>> };
}

const basic = `Basic ${Buffer.from(`program:${encodeURIComponent(clientSecret)}`).toString("base64")}`;

const listening = (server: Server) =>
  new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));

/** Without what the provider says about production, and about other runtimes. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const warn = jest.spyOn(console, "warn").mockImplementation(() => {});
  try {
    return await work();
  } finally {
    warn.mockRestore();
  }
}

const scopes = "users:read users:write orders:read orders:write orders:fulfil";

/** The clients: a program, and an app in which people sign in. */
const clients = [
  {
    client_id: "program",
    client_secret: clientSecret,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
  },
  {
    client_id: "app",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    response_types: ["code"],
    redirect_uris: [redirectUri],
  },
];

/** The provider's configuration, but for what a person allows the app. */
const configuration = (key: JWK) => ({
  jwks: { keys: [{ ...key, alg: "RS256", use: "sig" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  clients,
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    ClientCredentials: 600,
    Grant: 600,
    IdToken: 600,
    Interaction: 60,
    Session: 600,
  },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_: Context, resource: string) => ({
        scope: scopes,
        audience: resource.replace("urn:", ""),
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  interactions: { url: (context: Context) => `/sign-in/${context.oidc.params["login_hint"]}` },
  findAccount: (_: Context, accountId: string) => ({
    accountId,
    claims: () => ({ sub: accountId }),
  }),
  extraTokenClaims: (_: Context, { accountId }: { accountId?: string }) =>
    accountId === undefined ? undefined : { user_id: accountId },
});

/** Follows redirects as a browser does, with its cookies, until they lead to the app. */
async function signIn(first: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let address = new URL(first);
  for (let steps = 0; steps < 10; steps += 1) {
    if (address.href.startsWith(redirectUri)) return address;
    const cookie = Array.from(cookies, (pair) => pair.join("=")).join("; ");
    const response = await fetch(address, { headers: { cookie }, redirect: "manual" });
    const next = response.headers.get("location");
    if (next === null) throw new Error(`No way on: ${response.status} ${await response.text()}`);
    for (const set of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (set.split(";")[0] ?? "").split("=");
      cookies.set(name, value);
    }
    address = new URL(next, address);
  }
  throw new Error(`No end of redirects: ${address.href}`);
}

/** Starts a provider for the tokens of services, each named by its audience. */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const server = createServer();
  await listening(server);
  // A server that listens on TCP has an address of this kind.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const provider = await quietly(async () => {
    const { Provider } = await import("oidc-provider");
    const made = new Provider(issuer, {
      ...configuration(await exportJWK(privateKey)),
      async loadExistingGrant({ oidc: { session, params } }: Context) {
        const grant = new made.Grant({ clientId: "app", accountId: session.accountId });
        grant.addOIDCScope("openid");
        grant.addResourceScope(params["resource"] ?? "", scopes);
        await grant.save();
        return grant;
      },
    });
    return made;
  });
  const respond = provider.callback();
  server.on("request", (request, response) => {
    const accountId = /^\/sign-in\/([^/?]+)/.exec(request.url ?? "")?.[1];
    if (accountId === undefined) respond(request, response);
    else void provider.interactionFinished(request, response, { login: { accountId } });
  });

  async function tokenFor(form: Record<string, string>, headers: Record<string, string> = {}) {
    const body = new URLSearchParams(form);
    const response = await fetch(`${issuer}/token`, { method: "POST", headers, body });
    const answer = (await response.json()) as { access_token?: string };
    if (answer.access_token === undefined) throw new Error(`No token: ${JSON.stringify(answer)}`);
    return answer.access_token;
  }

  return {
    issuer,
    jwks: `${issuer}/jwks`,
    programToken: (audience, scope) =>
      tokenFor(
        { grant_type: "client_credentials", scope, resource: `urn:${audience}` },
        { authorization: basic },
      ),
    async personToken(audience, scope, userId) {
      const resource = `urn:${audience}`;
      const verifier = randomBytes(32).toString("base64url");
      const query = new URLSearchParams({
        client_id: "app",
        response_type: "code",
        redirect_uri: redirectUri,
        scope: `openid ${scope}`,
        resource,
        login_hint: userId,
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
      });
      const { searchParams } = await signIn(`${issuer}/auth?${query.toString()}`);
      const code = searchParams.get("code");
      if (code === null) throw new Error(`No code: ${searchParams.toString()}`);
      return tokenFor({
        grant_type: "authorization_code",
        client_id: "app",
        redirect_uri: redirectUri,
        code,
        code_verifier: verifier,
        resource,
      });
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
