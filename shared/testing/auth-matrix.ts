// Every operation of a service's API document by every credential: what the service responds where
// authentication is on, only observes, or is off.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { OpenApiDocument } from "../src/openapi/types.ts";
import type { CallingService } from "../src/auth/create-guard.ts";
import {
  credentials,
  serviceSubject,
  type Credential,
  type CredentialKit,
} from "./auth-credentials.ts";
import {
  cellsOf,
  expectedOf,
  openPaths,
  success,
  visiblePart,
  type Cell,
  type OperationRequest,
  type ServiceRules,
} from "./auth-expectations.ts";
import { bodyOf, type RunningService } from "./running-service.ts";
import { bearer, testIssuer } from "./test-issuer.ts";

/** The matrix of a service. */
interface Matrix<Subject> extends ServiceRules {
  /** Every operation but those of HEAD and of management, in an order in which each still succeeds. */
  readonly requests: readonly OperationRequest<Subject>[];
  start(options: {
    auth: Record<string, string>;
    callingService?: CallingService;
  }): Promise<RunningService>;
  /** Creates what the requests are about. @param n differs from call to call */
  create(service: RunningService, headers: Record<string, string>, n: number): Promise<Subject>;
  /** The user whose own it is. */
  ownerOf(subject: Subject): string;
}

/** A response in the words of the contract; of HEAD the body is unknown. */
async function seen(response: Response, method: string) {
  const { status, headers } = response;
  const isProblem = headers.get("content-type")?.startsWith("application/problem+json") === true;
  const text = method === "HEAD" ? "" : await response.text();
  return {
    status,
    code: method === "HEAD" || !isProblem ? undefined : (JSON.parse(text) as { code: string }).code,
    challenge: headers.get("www-authenticate"),
    caching: headers.get("cache-control"),
    vary: headers.get("vary"),
    isEmptyList: text === "[]",
  };
}

/** How often each outcome was counted; without those that never were. */
async function outcomesOf({ url }: RunningService): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counted = Array.from(
    text.matchAll(/^auth_total\{outcome="([a-z-]+)"\} (\d+)$/gm),
    ([, outcome = "", count]) => [outcome, Number(count)] as const,
  );
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

const sum = (counted: Record<string, number>) =>
  Object.values(counted).reduce((one, other) => one + other, 0);

const modes = ["enforce", "observe", "off"] as const;

/** A service with authentication in a mode, and what its credentials are made of. Ended with its scope. */
interface ModeUnderTest<Subject> extends AsyncDisposable {
  readonly service: RunningService;
  readonly cells: readonly Cell<Subject>[];
  /** The field of a program that may do everything. */
  program(): Promise<Record<string, string>>;
  /** Sends the request of a cell with a credential. */
  send(credential: Credential, cell: Cell<Subject>, subject: Subject): Promise<Response>;
  /** How many requests have come to the URL that forged tokens name, which no service may follow. */
  asked(): number;
}

/** The cells of a service, by the document that it has where authentication is on. */
async function cellsWhere<Subject>(
  starting: Promise<RunningService>,
  requests: readonly OperationRequest<Subject>[],
): Promise<readonly Cell<Subject>[]> {
  await using service = await starting;
  const document = await bodyOf<OpenApiDocument>(await service.request("/swagger/json"));
  return cellsOf(document, requests);
}

/** Starts a service in a mode, with its issuers. */
async function startMode<Subject>(
  matrix: Matrix<Subject>,
  mode: (typeof modes)[number],
): Promise<ModeUnderTest<Subject>> {
  await using stack = new AsyncDisposableStack();
  const issuer = stack.use(await testIssuer());
  const platform = stack.use(await testIssuer({ issuer: "https://platform.test" }));
  let asked = 0;
  const trap = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      asked += 1;
      return new Response();
    },
  });
  stack.defer(() => trap.stop(true));

  const guarded = issuer.environment({ AUTH_USER_CLAIM: "user_id" });
  const calling =
    matrix.serviceScopes === undefined
      ? {}
      : {
          callingService: {
            issuer: platform.issuer,
            jwks: platform.jwks,
            subject: serviceSubject,
            scopes: matrix.serviceScopes,
          },
        };
  const cells = await cellsWhere(matrix.start({ auth: guarded, ...calling }), matrix.requests);
  const service = stack.use(
    await (mode === "off"
      ? matrix.start({ auth: {} })
      : matrix.start({ auth: { ...guarded, AUTH_MODE: mode }, ...calling })),
  );
  const allScopes = [...new Set(cells.flatMap(({ scopes }) => scopes))];

  const owned = stack.move();
  return {
    service,
    cells,
    program: async () => bearer(await issuer.token({ scope: allScopes.join(" ") })),
    async send(credential, { method, needs, send }, subject) {
      const kit: CredentialKit = {
        issuer,
        platform,
        trap: trap.url.href,
        allScopes: allScopes.join(" "),
        otherScopes: allScopes.filter((scope) => !needs.includes(scope)).join(" "),
        owner: matrix.ownerOf(subject),
      };
      const authorization = await credential.field(kit);
      const { path, ...sent } = send(subject);
      return service.request(path, {
        ...sent,
        method,
        headers: { ...sent.headers, ...(authorization === undefined ? {} : { authorization }) },
      });
    },
    asked: () => asked,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Tests that every operation responds to every credential as the contract says. */
export function testAuthMatrix<Subject>(matrix: Matrix<Subject>): void {
  describe.each(modes)(`${matrix.service}, authentication: %s`, (mode) => {
    const stack = new AsyncDisposableStack();
    let started: ModeUnderTest<Subject>;
    let n = 0;
    beforeAll(async () => {
      started = stack.use(await startMode(matrix, mode));
    });
    afterAll(() => stack.disposeAsync());

    test.each(credentials.map((credential) => [credential.name, credential] as const))(
      "%s",
      async (_, credential) => {
        const { service, cells } = started;
        const subject = await matrix.create(service, await started.program(), n++);
        const before = await outcomesOf(service);
        const total = { ...before };
        for (const cell of cells) {
          const expected = expectedOf(credential.standing, cell, matrix);
          const right = mode === "enforce" ? expected : success(cell.status);
          const response = await started.send(credential, cell, subject);
          expect({ at: cell.operationId, ...(await seen(response, cell.method)) }).toEqual({
            at: cell.operationId,
            ...visiblePart(right, cell.method, mode === "enforce"),
          });
          if (mode !== "off") total[expected.outcome] = (total[expected.outcome] ?? 0) + 1;
        }
        // Where nothing is refused, a request is served, and counted later, if its token takes long.
        let counted = await outcomesOf(service);
        while (sum(counted) < sum(total)) counted = await outcomesOf(service);
        // The scope that a body needs is then not checked, and the request counts as ok.
        const isLate = mode === "observe" && credential.standing === "other-scopes";
        expect(isLate ? sum(counted) : counted).toEqual(isLate ? sum(total) : total);
        expect(started.asked()).toBe(0);
      },
    );

    test("management needs no token, and no token does harm", async () => {
      const { service } = started;
      const before = await outcomesOf(service);
      for (const path of openPaths) {
        for (const authorization of ["", "Basic YWRtaW46YWRtaW4=", "Bearer x"]) {
          const response = await service.request(path, { headers: { authorization } });
          expect(response.status).toBe(200);
          expect(response.headers.get("www-authenticate")).toBeNull();
          expect(response.headers.get("vary")).toBeNull();
        }
      }
      expect(await outcomesOf(service)).toEqual(before);
    });
  });
}
