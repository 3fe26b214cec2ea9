// Where an issuer's keys are read from: a URL of the issuer, or a file.
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { errnoOf } from "../core/errno.ts";
import type { Fetch } from "../core/fetch.ts";
import { noProxy } from "../core/no-proxy.ts";
import { readBody } from "../core/read-body.ts";

/** Reads the key set of an issuer. */
export interface KeySource {
  /** Where it is, for the log: without a query. */
  readonly name: string;
  /** How old a set may get before it is read anew, in ms. */
  readonly maxAgeMs: number;
  /** The bytes of the set, at most 1 MiB. Rejects if they cannot be read, or `signal` is aborted. */
  read(signal: AbortSignal): Promise<Uint8Array>;
}

/** Thrown for what is no key set. Its message has nothing of a response. */
class KeySourceError extends Error {
  override readonly name = "KeySourceError";
}

const maxBytes = 1024 * 1024;

/** A withdrawn key is out within a minute: the age, the time to the next check, and the fetch. */
const maxAgeOfFetchedMs = 49_000;

const tooLarge = () => new KeySourceError("The key set is larger than 1 MiB");

/** An error of fetch without its message, which can have the URL with its query. */
function withoutUrl(error: unknown): KeySourceError {
  const name = error instanceof Error ? error.name : "unknown error";
  return new KeySourceError(`The request failed: ${errnoOf(error) ?? name}`);
}

function urlSource(url: URL, fetch: Fetch): KeySource {
  const isPlain = url.protocol === "http:";
  return {
    name: url.origin + url.pathname,
    maxAgeMs: maxAgeOfFetchedMs,
    async read(signal) {
      // One request a minute is not worth an idle connection, which the provider may have closed.
      const headers = { accept: "application/jwk-set+json, application/json", connection: "close" };
      const init: RequestInit = { headers, signal, redirect: "manual" };
      try {
        // What is not encrypted must not leave this machine.
        const response = await fetch(url.href, isPlain ? { ...init, ...noProxy } : init);
        if (response.status !== 200) {
          await response.body?.cancel();
          throw new KeySourceError(`The status is ${response.status}`);
        }
        const bytes = await readBody(response, maxBytes);
        if (bytes === undefined) throw tooLarge();
        return bytes;
      } catch (error) {
        throw error instanceof KeySourceError || signal.aborted ? error : withoutUrl(error);
      }
    },
  };
}

function fileSource(url: URL): KeySource {
  const path = fileURLToPath(url);
  return {
    name: path,
    // To read a file at each check costs less than to find out whether it has changed.
    maxAgeMs: 0,
    async read() {
      const file = await stat(path);
      // A pipe would be waited for.
      if (!file.isFile()) throw new KeySourceError("It is no regular file");
      if (file.size > maxBytes) throw tooLarge();
      return Bun.file(path).slice(0, maxBytes).bytes();
    },
  };
}

/** The source at a URL, whose scheme is https, http or file. */
export function keySource(url: string, fetch: Fetch = globalThis.fetch): KeySource {
  const parsed = new URL(url);
  return parsed.protocol === "file:" ? fileSource(parsed) : urlSource(parsed, fetch);
}
