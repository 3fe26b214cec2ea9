// Configuration from environment variables, checked as a whole before anything starts.
import { readFileSync } from "node:fs";
import { unreadableReason } from "../core/errno.ts";

/** One environment variable: how its text becomes a value, and what is allowed. */
export interface Setting<T> {
  readonly variable: string;
  /**
   * The variable that may name a file with the text instead. For a secret: a variable is shown by
   * `docker inspect`, and inherited by child processes. Default: none.
   */
  readonly fileVariable?: string;
  readonly default: T;
  /** What is allowed, as an error text says it after "must be". */
  readonly allowed: string;
  /** Whether the variable may hold a password: error texts then do not quote it. Default: false. */
  readonly isSecret?: boolean;
  /** @returns the value of a non-empty text; undefined if it is not allowed */
  parse(text: string): T | undefined;
  /** @returns the remedy for a text that is not allowed, if it is a well-known mistake */
  remedy?(text: string): string | undefined;
}

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings by the names under which code finds their values. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The validated values of settings, by the same names. */
export type Config<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

/** Thrown for wrong variables. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /** @param messages a line for each wrong variable */
  constructor(readonly messages: readonly string[]) {
    super(messages.join("\n"));
  }
}

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

/** UTF-16 code units of an operator's input that an error text repeats. */
const maxQuotedLength = 100;

/**
 * An operator's input for an error text: cut, and on one line, whatever it holds. Of a URL that may have
 * a password, in the place of another value, it has the beginning alone.
 */
export function quote(input: string): string {
  const shown = /[@?]/.test(input) ? input.replace(/[:@?].*$/s, "...") : input;
  return JSON.stringify(shown.slice(0, maxQuotedLength));
}

/** The remedy for a text that would be allowed without what `docker run --env-file` keeps around it. */
function wrappingRemedy({ parse }: Setting<unknown>, text: string): string | undefined {
  const trimmed = text.trim();
  const bare = trimmed.replace(/^(["'])(.*)\1$/, "$2");
  if (bare === text || bare === "" || parse(bare) === undefined) return undefined;
  return `remove the ${bare === trimmed ? "white space" : "quotes"} around it`;
}

/**
 * Reads the variables of all settings, and the files that they name.
 *
 * @param environment the variables; an empty one counts as not set
 * @param errors what is wrong between variables, a line for each
 * @throws {ConfigError} with a line for every wrong variable
 */
export function readConfig<S extends Settings>(
  settings: S,
  environment: Environment,
  errors: readonly string[] = [],
): Config<S> {
  const messages = [...errors];
  const values = Object.entries(settings).map(([name, setting]) => {
    const { variable, fileVariable = "", default: defaultValue } = setting;
    const text = environment[variable] ?? "";
    const file = environment[fileVariable] ?? "";
    if (text === "" && file === "") return [name, defaultValue];
    const read = file === "" ? parseText(setting, text) : parseFile(setting, file, text);
    if (read.message !== undefined) messages.push(read.message);
    return [name, read.value];
  });
  if (messages.length > 0) throw new ConfigError(messages);
  // Object.fromEntries() forgets which name has which type. The entries were made from `settings`.
  return Object.fromEntries(values) as Config<S>;
}

/** A value, or the line for the operator that says why there is none. */
type Parsed = { value: unknown; message?: undefined } | { value?: undefined; message: string };

function parseText(setting: Setting<unknown>, text: string): Parsed {
  const value = setting.parse(text);
  if (value !== undefined) return { value };
  const quoted = setting.isSecret === true ? "" : ` ${quote(text)}`;
  const { variable, allowed } = setting;
  return {
    message: `Cannot use ${variable}${quoted}: it must be ${allowed}${advice(setting, text)}`,
  };
}

/** @param text the variable that holds the text itself */
function parseFile(setting: Setting<unknown>, file: string, text: string): Parsed {
  const { variable, fileVariable, allowed } = setting;
  const cannotUse = `Cannot use ${fileVariable}`;
  if (text !== "") {
    return { message: `${cannotUse}: ${variable} is set too; set one of the two` };
  }
  let content: string;
  try {
    content = readFileSync(file, "utf8").trim();
  } catch (error) {
    // Neither the path nor an error text that has it: the operator may have put the secret there.
    return { message: `${cannotUse}: ${unreadableReason(error)}` };
  }
  if (content === "") return { message: `${cannotUse}: the file is empty` };
  const value = setting.parse(content);
  if (value !== undefined) return { value };
  const remedy = advice(setting, content);
  return {
    message: `Cannot use the file of ${fileVariable}: it must have ${allowed}${remedy}`,
  };
}

function advice(setting: Setting<unknown>, text: string): string {
  const remedy = setting.remedy?.(text) ?? wrappingRemedy(setting, text);
  return remedy === undefined ? "" : `; ${remedy}`;
}
