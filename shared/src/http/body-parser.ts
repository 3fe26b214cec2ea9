// What a service accepts as the body of a request: JSON in UTF-8, bounded in bytes, depth and time.
import { isTooDeep, maxJsonDepth, parseJson } from "../core/json.ts";
import { requireRequest } from "../telemetry/request-context.ts";
import { bodyReader } from "./body-reader.ts";
import {
  bodyTooLarge,
  deepBody,
  expectationFailed,
  malformedBody,
  overload,
  wrongCoding,
  wrongMediaType,
} from "./common-problems.ts";
import { awaitsContinue } from "./expectation.ts";
import { yieldToShortRequests } from "./fair-scheduling.ts";
import type { ConcurrencyLimiter } from "./load-shedding.ts";
import type { HttpProblem } from "./problem.ts";

/** A Content-Type that says JSON: `application/json` or `application/*+json`. */
const jsonType = /^application\/(?:[\w.!#$&^+-]+\+)?json\s*(?:;|$)/i;
const charset = /;\s*charset\s*=\s*"?([^";\s]*)"?/i;
const utf8Name = /^utf-?8$/i;
const noCoding = /^\s*(?:identity)?\s*$/i;

/**
 * Stands for an absent body. Elysia parses the body again when `onParse` returns undefined, so this
 * symbol marks an absent body until `onTransform`.
 */
export const noBody = Symbol("no body");

/**
 * The value in a JSON body; {@link noBody} if there are no bytes.
 *
 * @throws HttpProblem 400 if it is not JSON in UTF-8 (RFC 8259) or nested more than 500 levels deep
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return noBody;
  if (isTooDeep(bytes)) throw deepBody(maxJsonDepth);
  try {
    return parseJson(bytes);
  } catch (cause) {
    throw malformedBody(cause);
  }
}

/** Other methods define no meaning for a body (RFC 9110, 9.3): it is not even read. */
const methodsWithBody = new Set(["POST", "PUT", "PATCH"]);

/** Larger bodies take milliseconds to parse and to validate. */
const maxShortBodyBytes = 65_536;

/** Reads and parses the bodies of requests. */
export type BodyParser = ReturnType<typeof bodyParser>;

/**
 * Makes what reads and parses the bodies of requests.
 *
 * @param maxBytes of one body
 * @param limiter counts the requests in flight
 */
export function bodyParser(maxBytes: number, limiter: ConcurrencyLimiter) {
  const readBody = bodyReader(maxBytes);
  return {
    /** 413, 415 or 417 if the header fields already say that the body is not acceptable. */
    headerProblem(request: Request): HttpProblem | undefined {
      if (!methodsWithBody.has(request.method)) return undefined;
      const { headers } = request;
      const length = headers.get("content-length");
      // A body sent in chunks counts, although it may turn out empty.
      const isAbsent = length === null ? request.body === null : /^0+$/.test(length);
      if (isAbsent) return undefined;
      if (Number(length) > maxBytes) return bodyTooLarge(maxBytes);
      const type = headers.get("content-type")?.trim() ?? "";
      const isUtf8 = utf8Name.test(charset.exec(type)?.[1] ?? "utf-8");
      if (!jsonType.test(type) || !isUtf8) return wrongMediaType(request.method);
      if (!noCoding.test(headers.get("content-encoding") ?? "")) return wrongCoding;
      return awaitsContinue(headers) ? expectationFailed : undefined;
    },

    /**
     * Elysia's `onParse`: the value in the body of the request that is served; {@link noBody} if
     * there is none.
     *
     * @throws HttpProblem 400, 408, 413 or 503
     */
    async parse({ request }: { readonly request: Request }): Promise<unknown> {
      if (!methodsWithBody.has(request.method)) return noBody;
      // A request is not in flight while its body arrives: otherwise clients that send slowly would
      // fill the service without giving it work. Once the body is whole, the request needs a free
      // place again and may be rejected.
      const context = requireRequest();
      limiter.release(context);
      const bytes = await readBody(request);
      if (!limiter.acquire(context)) {
        await limiter.paceRejection();
        throw overload;
      }
      if (bytes.byteLength > maxShortBodyBytes) await yieldToShortRequests();
      return parseJsonBody(bytes);
    },
  };
}
