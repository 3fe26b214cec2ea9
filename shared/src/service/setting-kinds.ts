// The kinds of settings: which texts of a variable are allowed, and the values that they become.
import type { Setting } from "./env.ts";

/** A whole number from `min` to `max`, both included, in plain digits: no sign, no `1e3`. */
export function integer(
  variable: string,
  { min, max, ...rest }: { default: number; min: number; max: number },
): Setting<number> {
  return {
    ...rest,
    variable,
    allowed: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/**
 * One of a few words, in any case.
 *
 * @param options `words`: in lower case; `synonyms`: further words in lower case, and their meanings
 */
export function enumeration<const T extends string>(
  variable: string,
  {
    words,
    synonyms = {},
    ...rest
  }: {
    default: NoInfer<T>;
    words: readonly T[];
    synonyms?: Readonly<Record<string, NoInfer<T>>>;
  },
): Setting<T> {
  const meanings = new Map<string, T>([
    ...words.map((word) => [word, word] as const),
    ...Object.entries(synonyms),
  ]);
  return {
    ...rest,
    variable,
    allowed: `one of ${words.join(", ")}`,
    parse: (text) => meanings.get(text.toLowerCase()),
  };
}

// RFC 1123, section 2.1. A last label of digits alone is refused: the name would be read as an IPv4
// address.
const hostName =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** URL rewrites what is not a plain IPv4 address, such as 010.0.0.1, and rejects 999.0.0.1. */
const isIPv4 = (text: string) =>
  /^\d+(?:\.\d+){3}$/.test(text) && URL.parse(`http://${text}`)?.hostname === text;

/** Loads `node:net` when it is needed: that takes longer than reading all other settings. */
const isIPv6 = (text: string) => process.getBuiltinModule("node:net").isIPv6(text);

/** The type of a machine, as compilers name it: `x86_64-conda-linux-gnu`, `arm64-apple-darwin20.0.0`. */
const machineType =
  /^(?:x86_64|i\d86|arm\w*|aarch64|ppc64le|s390x|riscv64)-(?:\w+-)?(?:linux|darwin)/i;

/** A network address to listen on. */
export function listenAddress(variable: string, options: { default: string }): Setting<string> {
  return {
    ...options,
    variable,
    allowed: "an IP address or a host name",
    parse(text) {
      if (machineType.test(text)) return undefined;
      return hostName.test(text) || isIPv4(text) || isIPv6(text) ? text : undefined;
    },
    remedy: (text) =>
      machineType.test(text)
        ? `conda and compilers set ${variable} to the type of the machine; unset it, or set ${variable}=::`
        : undefined,
  };
}

/** The origin of an http or https URL that has nothing but an origin; undefined for any other text. */
function parseOrigin(text: string): string | undefined {
  const isBare = /^https?:\/\/[^/?#@*\\\s]+\/?$/i.test(text);
  return isBare ? URL.parse(text)?.origin : undefined;
}

/** The URL of another service: scheme, host and port. The value is its origin, without a slash. */
export function httpOrigin(variable: string, options: { default: string }): Setting<string> {
  return {
    ...options,
    variable,
    isSecret: true,
    allowed: "an http or https URL without path, query or credentials, such as http://users:8000",
    parse: parseOrigin,
  };
}

/** Origins, separated by commas. The values are written as browsers write them (RFC 6454, 6.2). */
export function httpOrigins(
  variable: string,
  options: { default: readonly string[] },
): Setting<readonly string[]> {
  return {
    ...options,
    variable,
    isSecret: true,
    allowed:
      "a comma-separated list of http or https origins without *, such as " +
      "https://shop.example,http://localhost:3000",
    parse(text) {
      const origins = text.split(",").map((part) => parseOrigin(part.trim()));
      const valid = origins.filter((origin) => origin !== undefined);
      return valid.length === origins.length ? [...new Set(valid)] : undefined;
    },
  };
}

// RFC 3986, section 3.3. URL has encoded what is not ASCII, but leaves some other characters as they are.
const uriPath = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/;

/**
 * The URL at which clients reach this service: scheme, host and port, and a path prefix if there is one.
 * The value is ASCII, as header fields need it, and a path can follow it: one slash at its end is dropped.
 */
export function httpBaseUrl(variable: string, options: { default: string }): Setting<string> {
  return {
    ...options,
    variable,
    isSecret: true,
    allowed:
      "an http or https URL without query, fragment or credentials, such as https://shop.example/api",
    parse(text) {
      if (!/^https?:\/\/[^/?#@*\\\s]+(?:\/[^?#\\\s]*)?$/i.test(text)) return undefined;
      const url = URL.parse(text);
      if (url === null || !uriPath.test(url.pathname)) return undefined;
      return url.origin + url.pathname.replace(/\/$/, "");
    },
  };
}
