// A service under a path prefix that the proxy takes off before it forwards a request.
import { describe, expect } from "bun:test";
import type { OpenApiDocument } from "../../shared/src/openapi/types.ts";
import { createUser, newUser, sending } from "../support/platform/resources.ts";
import { startService } from "../support/platform/services.ts";
import type { Service } from "../support/platform/services.ts";
import { adapted } from "../support/page.ts";
import { variantOf } from "./page.ts";
import { startCaddy, startHaproxy, startNginx } from "./programs.ts";
import type { Proxy } from "./proxy.ts";
import { testWith } from "../../shared/testing/required-program.ts";

const publicUrl = "https://shop.example/api";

/** The page's lines for a prefix, in the least configuration that runs them. */
const prefixed = {
  nginx: (lines: string) => startNginx(`server { listen 80; ${lines} }`),
  haproxy: (lines: string) =>
    startHaproxy(`
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 30s
${lines}`),
  caddy: (lines: string) => startCaddy(`shop.example {\n${lines}\n}\n`),
} as const;

const programs = ["nginx", "haproxy", "caddy"] as const;

const languages = { nginx: "nginx", haproxy: "haproxy", caddy: "caddyfile" } as const;

const address = "127.0.0.1:8000";

/** Starts user-service, and a proxy that has it under `/api/`. */
async function startUnderPrefix(
  program: keyof typeof prefixed,
  env: Readonly<Record<string, string>> = {},
  change: (lines: string) => string = (lines) => lines,
): Promise<{ users: Service; proxy: Proxy } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const users = stack.use(await startService("user-service", env));
  const lines = variantOf(languages[program], "/api/");
  const forwarding = adapted(lines, { [address]: `127.0.0.1:${users.port}` });
  const proxy = stack.use(await prefixed[program](change(forwarding)));
  const owned = stack.move();
  return { users, proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The path of a public address, as the proxy receives it. */
function pathOf(reference: string | undefined | null): string {
  expect(reference).toStartWith(`${publicUrl}/`);
  const url = new URL(reference ?? "");
  return url.pathname + url.search;
}

describe.each(programs)("under a prefix", (program) => {
  testWith(program, "with PUBLIC_URL Location and Link lead back in", async () => {
    await using running = await startUnderPrefix(program, { PUBLIC_URL: publicUrl });
    const { proxy, users } = running;
    const created = await proxy.fetch("/api/users", sending("POST", newUser(1)));
    const user: unknown = await created.json();
    const read = await proxy.fetch(pathOf(created.headers.get("location")));
    expect(await read.json()).toEqual(user);
    await createUser(users, 2);
    const first = await proxy.fetch("/api/users?limit=1");
    await first.body?.cancel();
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1];
    expect(await (await proxy.fetch(pathOf(next))).json()).toMatchObject([newUser(2)]);
  });

  testWith(program, "with PUBLIC_URL the API document names it as its server", async () => {
    await using running = await startUnderPrefix(program, { PUBLIC_URL: publicUrl });
    const response = await running.proxy.fetch("/api/swagger/json");
    const { servers } = (await response.json()) as OpenApiDocument;
    expect(servers).toMatchObject([{ url: publicUrl }]);
  });

  testWith(program, "without PUBLIC_URL the API document's server is the service", async () => {
    await using running = await startUnderPrefix(program);
    const { proxy } = running;
    const response = await proxy.fetch("/api/swagger/json");
    const { servers } = (await response.json()) as OpenApiDocument;
    const server = new URL(servers[0]?.url ?? "", `${proxy.url}/api/swagger/json`);
    const path = `${server.pathname.replace(/\/$/, "")}/users`;
    expect(await (await proxy.fetch(path)).text()).toBe("[]");
  });

  testWith(program, "the API reference finds its files and the document", async () => {
    await using running = await startUnderPrefix(program);
    const { proxy } = running;
    const page = await (await proxy.fetch("/api/swagger")).text();
    const references = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, to = ""]) => to);
    expect(references.length).toBeGreaterThan(3);
    for (const reference of references) {
      const { pathname } = new URL(reference, `${proxy.url}/api/swagger`);
      const response = await proxy.fetch(pathname);
      expect([reference, response.status]).toEqual([reference, 200]);
      // Caddy's response to a path outside of the prefix is 200 without a body.
      expect(await response.text()).not.toBe("");
    }
  });
});

testWith("nginx", "without PUBLIC_URL proxy_redirect leads Location back in", async () => {
  const redirect = variantOf("nginx", "proxy_redirect");
  const beside = (lines: string) => adapted(lines, { proxy_pass: `${redirect} proxy_pass` });
  await using running = await startUnderPrefix("nginx", {}, beside);
  const { proxy } = running;
  const created = await proxy.fetch("/api/users", sending("POST", newUser(1)));
  const location = created.headers.get("location") ?? "";
  expect(location).toStartWith("/api/users/");
  const read = await proxy.fetch(location);
  expect(await read.json()).toEqual(await created.json());
});
