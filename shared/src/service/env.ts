// Configuration from environment variables, checked as a whole before anything starts.

/** One environment variable: how its text becomes a value, and what is allowed. */
export interface Setting<T> {
  readonly variable: string;
  readonly default: T;
  /** What is allowed, as an error text says it after "must be". */
  readonly allowed: string;
  /** Whether the variable may hold a password: error texts then do not quote it. Default: false. */
  readonly isSecret?: boolean;
  /** @returns the value of a non-empty text; undefined if it is not allowed */
  parse(text: string): T | undefined;
}

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

/** One of a few words, in this case. */
export function enumeration<const T extends string>(
  variable: string,
  { words, ...rest }: { default: NoInfer<T>; words: readonly T[] },
): Setting<T> {
  return {
    ...rest,
    variable,
    allowed: `one of ${words.join(", ")}`,
    parse: (text) => words.find((word) => word === text),
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

/** A network address to listen on. */
export function listenAddress(variable: string, options: { default: string }): Setting<string> {
  return {
    ...options,
    variable,
    allowed: "an IP address or a host name",
    parse: (text) => (hostName.test(text) || isIPv4(text) || isIPv6(text) ? text : undefined),
  };
}

/** The URL of another service: scheme, host and port. The value is its origin, without a slash. */
export function httpOrigin(variable: string, options: { default: string }): Setting<string> {
  return {
    ...options,
    variable,
    isSecret: true,
    allowed: "an http or https URL without path, query or credentials, such as http://users:8000",
    parse(text) {
      const isBare = /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text);
      return isBare ? URL.parse(text)?.origin : undefined;
    },
  };
}

/** UTF-16 code units of an operator's input that an error text repeats. */
const maxQuotedLength = 100;

/** An operator's input for an error text: cut, and on one line, whatever it holds. */
export function quote(input: string): string {
  return JSON.stringify(input.slice(0, maxQuotedLength));
}

/**
 * Reads the variables of all settings.
 *
 * @param environment the variables; an empty one counts as not set
 * @throws {ConfigError} with a line for every wrong variable
 */
export function readConfig<S extends Settings>(
  settings: S,
  environment: Readonly<Record<string, string | undefined>>,
): Config<S> {
  const messages: string[] = [];
  const values = Object.entries(settings).map(([name, setting]) => {
    const { variable, default: defaultValue, allowed, isSecret = false, parse } = setting;
    const text = environment[variable];
    if (text === undefined || text === "") return [name, defaultValue];
    const value = parse(text);
    if (value === undefined) {
      const quoted = isSecret ? "" : ` ${quote(text)}`;
      messages.push(`Cannot use ${variable}${quoted}: it must be ${allowed}`);
    }
    return [name, value];
  });
  if (messages.length > 0) throw new ConfigError(messages);
  // Object.fromEntries() forgets which name has which type. The entries were made from `settings`.
  return Object.fromEntries(values) as Config<S>;
}
