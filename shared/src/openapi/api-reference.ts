// The API reference at /swagger. The executable contains Swagger UI, so the page works without internet
// access. Its Content-Security-Policy forbids the browser to load anything from elsewhere.
import { Type } from "@sinclair/typebox";
import { Elysia, type AnyElysia } from "elysia";
import favicon from "swagger-ui-dist/favicon-32x32.png" with { type: "file" };
import bundle from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import stylesheet from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import { matchesIfNoneMatch } from "../http/etag.ts";
import pageScript from "./page.js" with { type: "file" };
import pageStyle from "./page.css" with { type: "file" };
import { managementTag, routeDocs } from "./route-docs.ts";
import type { ApiInfo } from "./types.ts";

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The URLs are relative, so that the page works behind a proxy that adds a path prefix. */
const page = (title: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${Bun.escapeHTML(title)}</title>
    <link rel="icon" href="swagger/favicon.png">
    <link rel="stylesheet" href="swagger/ui.css">
    <link rel="stylesheet" href="swagger/page.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <noscript>The document is at <a href="swagger/json">swagger/json</a>.</noscript>
    <script src="swagger/ui.js"></script>
    <script src="swagger/init.js"></script>
  </body>
</html>
`;

/**
 * Makes a handler that calls `make` at the first request, and keeps the content for later ones. If `make`
 * fails, as for want of a file descriptor, the next request calls it again.
 */
function contentHandler(type: string, make: () => Blob | Promise<Blob>) {
  const load = async () => {
    const content = await make();
    return { content, etag: `"${Bun.hash(await content.bytes()).toString(36)}"` };
  };
  let loading: ReturnType<typeof load> | undefined;
  return async ({ request }: { request: Request }): Promise<Response> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    const { content, etag } = await loading;
    const headers = {
      "cache-control": "no-cache",
      "content-security-policy": contentSecurityPolicy,
      "content-type": type,
      etag,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    };
    return matchesIfNoneMatch(request.headers.get("if-none-match"), etag)
      ? new Response(null, { status: 304, headers })
      : new Response(content, { headers });
  };
}

const html = "text/html; charset=utf-8";
const javascript = "text/javascript; charset=utf-8";
const css = "text/css; charset=utf-8";
const hidden = { detail: { hide: true } };

/**
 * `GET /swagger`, `GET /swagger/json` and the files of the page.
 *
 * @param app returns the finished app; called when the document is first requested
 */
export function apiReference(app: () => AnyElysia, info: ApiInfo) {
  const file = (type: string, path: string) => contentHandler(type, () => Bun.file(path));
  const makeDocument = async () => {
    // Imported at the first request: document.ts and @elysiajs/swagger would add 6 ms to a start of 43 ms.
    const { openApiDocument } = await import("./document.ts");
    return new Blob([JSON.stringify(await openApiDocument(app(), info))]);
  };

  return new Elysia({ name: "api-reference", normalize: false })
    .get(
      "/swagger",
      contentHandler(html, () => new Blob([page(info.title)])),
      {
        response: { 200: Type.String({ examples: ["<!doctype html>"] }), 304: Type.Void() },
        detail: routeDocs({
          operationId: "getApiReference",
          summary: "This reference, to read and to try",
          description: "A page that works without internet access.",
          tag: managementTag,
          conditional: true,
          produces: html,
        }),
      },
    )
    .get("/swagger/json", contentHandler("application/json", makeDocument), {
      response: {
        200: Type.Object(
          { openapi: Type.String({ examples: ["3.1.0"] }) },
          { additionalProperties: true, description: "An OpenAPI document" },
        ),
        304: Type.Void(),
      },
      detail: routeDocs({
        operationId: "getApiDocument",
        summary: "This reference, for machines",
        description: "An OpenAPI document, for generators of clients and other tools.",
        tag: managementTag,
        conditional: true,
      }),
    })
    .get("/swagger/ui.js", file(javascript, bundle), hidden)
    .get("/swagger/ui.css", file(css, stylesheet), hidden)
    .get("/swagger/init.js", file(javascript, pageScript), hidden)
    .get("/swagger/page.css", file(css, pageStyle), hidden)
    .get("/swagger/favicon.png", file("image/png", favicon), hidden);
}
