import { afterAll, describe, expect, test } from "bun:test";
import { runInNewContext } from "node:vm";
import { apiReference } from "../../src/openapi/api-reference.ts";
import { openApiDocument } from "../../src/openapi/document.ts";
import { validatingFetch } from "../../testing/contract-check.ts";
import { sampleApp, sampleInfo } from "../../testing/sample-service.ts";

const app = sampleApp();
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://sample.test${path}`, { headers }));

/** The paths of the files that the page loads, as a browser resolves them. */
async function pageFiles(): Promise<string[]> {
  const page = await (await get("/swagger")).text();
  return Array.from(
    page.matchAll(/<(?:script|link)[^>]* (?:src|href)="([^"]+)"/g),
    ([, address]) => new URL(address ?? "", "http://sample.test/swagger").pathname,
  );
}

/** The part of the script's options for Swagger UI that the tests read. */
interface SwaggerUiOptions {
  readonly plugins: [(system: { React: object }) => { wrapComponents: object }];
}

/** Runs the script of the page. */
function startSwaggerUi(script: string): SwaggerUiOptions {
  let options: SwaggerUiOptions | undefined;
  runInNewContext(script, { SwaggerUIBundle: (given: SwaggerUiOptions) => (options = given) });
  if (options === undefined) throw new Error("The script does not start Swagger UI");
  return options;
}

describe("GET /swagger", () => {
  test("serves a page whose files all come from the service", async () => {
    const response = await get("/swagger");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const files = await pageFiles();
    expect(files).toEqual([
      "/swagger/favicon.png",
      "/swagger/ui.css",
      "/swagger/page.css",
      "/swagger/ui.js",
      "/swagger/init.js",
    ]);
    for (const file of files) expect((await get(file)).status).toBe(200);
  });

  test("names no address outside the service, in the page and in its script", async () => {
    for (const path of ["/swagger", "/swagger/init.js"]) {
      expect(await (await get(path)).text()).not.toContain("//");
    }
    // Without it, Swagger UI sends the document to a validator on the internet.
    expect(await (await get("/swagger/init.js")).text()).toContain("validatorUrl: null");
  });

  test("folds what operations share, by a plugin of Swagger UI around tables and rows", async () => {
    const script = await (await get("/swagger/init.js")).text();
    const { wrapComponents } = startSwaggerUi(script).plugins[0]({ React: { createContext() {} } });
    const wrapped = Object.keys(wrapComponents).join(" ");
    expect(wrapped).toBe("parameters parameterRow responses response");
  });

  test("has no inline script or style, and a policy under which browsers refuse them", async () => {
    const response = await get("/swagger");
    expect(await response.text()).not.toMatch(/<script(?![^>]*src=)|\son\w+=|style=/);
    expect(response.headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  test("serves each file with its type, its policy and `nosniff`", async () => {
    const types = await Promise.all(
      ["/swagger/json", ...(await pageFiles())].map(async (path) => {
        const { headers } = await get(path);
        expect(headers.get("content-security-policy")).toContain("default-src 'none'");
        expect(headers.get("x-content-type-options")).toBe("nosniff");
        expect(headers.get("referrer-policy")).toBe("no-referrer");
        return headers.get("content-type");
      }),
    );
    expect(types).toEqual([
      "application/json",
      "image/png",
      "text/css; charset=utf-8",
      "text/css; charset=utf-8",
      "text/javascript; charset=utf-8",
      "text/javascript; charset=utf-8",
    ]);
  });

  test("serves a file again only if it has changed", async () => {
    for (const path of ["/swagger", "/swagger/json", ...(await pageFiles())]) {
      const first = await get(path);
      expect(first.headers.get("cache-control")).toBe("no-cache");
      const etag = first.headers.get("etag") ?? "";
      const again = await get(path, { "if-none-match": etag });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe("");
      expect((await get(path, { "if-none-match": '"other"' })).status).toBe(200);
    }
  });

  test("describes the whole app, also routes that were added after the reference", async () => {
    const document = await openApiDocument(app, sampleInfo);
    expect(await (await get("/swagger/json")).json()).toEqual(document);
    expect(document.paths).toHaveProperty("/tasks");
  });

  test("makes the document again after that failed once", async () => {
    const apps = [
      () => {
        throw new Error("out of file descriptors");
      },
    ];
    const reference = apiReference(() => (apps.pop() ?? (() => app))(), sampleInfo);
    const load = () => reference.handle(new Request("http://sample.test/swagger/json"));
    expect((await load()).status).toBe(500);
    expect((await load()).status).toBe(200);
  });

  test("escapes the title of the service", async () => {
    const odd = apiReference(() => app, { ...sampleInfo, title: "<script>sample</script>" });
    const page = await (await odd.handle(new Request("http://sample.test/swagger"))).text();
    expect(page).toContain("<title>&lt;script&gt;sample&lt;/script&gt;</title>");
  });
});

describe("GET /swagger over a socket", () => {
  const { server } = sampleApp().listen({ port: 0, hostname: "127.0.0.1" });
  const address = (path: string) => `http://127.0.0.1:${server?.port}${path}`;
  afterAll(() => server?.stop(true));

  test("serves page and document as documented, also to HEAD", async () => {
    const call = validatingFetch(fetch, await openApiDocument(app, sampleInfo));
    for (const path of ["/swagger", "/swagger/json"]) {
      for (const method of ["GET", "HEAD"]) {
        const response = await call(new Request(address(path), { method }));
        expect(response.status).toBe(200);
      }
    }
  });

  test("serves the whole script of Swagger UI", async () => {
    const script = await (await fetch(address("/swagger/ui.js"))).text();
    expect(script.length).toBeGreaterThan(1_000_000);
    expect(script).toContain("SwaggerUIBundle");
  });
});
