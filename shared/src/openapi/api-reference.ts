// The API reference at /swagger: Swagger UI from inside the executable, so that it works where
// there is no internet, under a policy that allows nothing else.
import { Type } from "@sinclair/typebox";
import { Elysia, type AnyElysia } from "elysia";
import favicon from "swagger-ui-dist/favicon-32x32.png" with { type: "file" };
import bundle from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import stylesheet from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import { matchesIfNoneMatch } from "../http/etag.ts";
import { openApiDocument } from "./document.ts";
import pageScript from "./page.js" with { type: "file" };
import pageStyle from "./page.css" with { type: "file" };
import { managementTag, routeDocs } from "./route-docs.ts";
import type { ApiInfo } from "./types.ts";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Addresses are relative to the page's, so that a path prefix does no harm. */
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

/** A file as it is sent. */
interface Asset {
  readonly content: string | Blob;
  readonly type: string;
  readonly etag: string;
}

async function served(content: string | Blob, type: string): Promise<Asset> {
  const bytes = typeof content === "string" ? content : await content.bytes();
  return { content, type, etag: `"${Bun.hash(bytes).toString(36)}"` };
}

/** Makes a thing when it is first asked for, once. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

async function answer(request: Request, file: Promise<Asset>): Promise<Response> {
  const { content, type, etag } = await file;
  const headers = {
    "cache-control": "no-cache",
    "content-security-policy": policy,
    "content-type": type,
    etag,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
  return matchesIfNoneMatch(request.headers.get("if-none-match"), etag)
    ? new Response(null, { status: 304, headers })
    : new Response(content, { headers });
}

const html = "text/html; charset=utf-8";
const javascript = "text/javascript; charset=utf-8";
const css = "text/css; charset=utf-8";
const hidden = { detail: { hide: true } };

/** `GET /swagger`, `GET /swagger/json` and what the page is made of. */
export function apiReference({
  app,
  ...info
}: ApiInfo & {
  /** The finished app, asked for when the document is first wanted. */
  app: () => AnyElysia;
}) {
  const pageFile = once(() => served(page(info.title), html));
  const documentFile = once(async () =>
    served(JSON.stringify(await openApiDocument(app(), info)), "application/json"),
  );
  const ui = once(() => served(Bun.file(bundle), javascript));
  const uiStyle = once(() => served(Bun.file(stylesheet), css));
  const init = once(() => served(Bun.file(pageScript), javascript));
  const style = once(() => served(Bun.file(pageStyle), css));
  const icon = once(() => served(Bun.file(favicon), "image/png"));

  return new Elysia({ name: "api-reference", normalize: false })
    .get("/swagger", ({ request }) => answer(request, pageFile()), {
      response: { 200: Type.String({ examples: ["<!doctype html>"] }) },
      detail: routeDocs({
        operationId: "getApiReference",
        summary: "This reference, to read and to try",
        tag: managementTag,
        conditional: true,
        produces: html,
      }),
    })
    .get("/swagger/json", ({ request }) => answer(request, documentFile()), {
      response: {
        200: Type.Object(
          { openapi: Type.String({ examples: ["3.1.0"] }) },
          { additionalProperties: true, description: "An OpenAPI document" },
        ),
      },
      detail: routeDocs({
        operationId: "getApiDocument",
        summary: "This reference, for machines",
        tag: managementTag,
        conditional: true,
      }),
    })
    .get("/swagger/ui.js", ({ request }) => answer(request, ui()), hidden)
    .get("/swagger/ui.css", ({ request }) => answer(request, uiStyle()), hidden)
    .get("/swagger/init.js", ({ request }) => answer(request, init()), hidden)
    .get("/swagger/page.css", ({ request }) => answer(request, style()), hidden)
    .get("/swagger/favicon.png", ({ request }) => answer(request, icon()), hidden);
}
