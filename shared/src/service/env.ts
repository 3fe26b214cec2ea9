// Configuration from environment variables, checked as a whole before anything starts.

/** How one variable is read: its value if it is good, or what is allowed if it is not. */
export interface Setting<T> {
  readonly variable: string;
  readonly default: T;
  /** What is allowed, to be read after "must be". */
  readonly allowed: string;
  /** Whether it may hold a password, so that a wrong value is not repeated to the operator. */
  readonly isSecret?: boolean;
  /** The value of a non-empty variable, or undefined if it is wrong. */
  parse(text: string): T | undefined;
}

/** The settings of a service by the names that its code uses. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of settings. */
export type Config<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

/** Thrown if variables are wrong: one line for each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly messages: readonly string[]) {
    super(messages.join("\n"));
  }
}

/** A whole number within bounds, in plain digits. */
export function integer(
  variable: string,
  { default: defaultValue, min, max }: { default: number; min: number; max: number },
): Setting<number> {
  return {
    variable,
    default: defaultValue,
    allowed: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** One of a few words. */
export function enumeration<const T extends string>(
  variable: string,
  { default: defaultValue, words }: { default: NoInfer<T>; words: readonly T[] },
): Setting<T> {
  return {
    variable,
    default: defaultValue,
    allowed: `one of ${words.join(", ")}`,
    parse: (text) => words.find((word) => word === text),
  };
}

// RFC 1123, section 2.1; a last label of digits alone would make it a malformed address.
const hostName =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** A URL has four numbers as they are only if they are an address. */
const isIPv4 = (text: string) =>
  /^\d+(?:\.\d+){3}$/.test(text) && URL.parse(`http://${text}`)?.hostname === text;

/** Loads what it needs when it is asked: that takes longer than all other settings. */
const isIPv6 = (text: string) => process.getBuiltinModule("node:net").isIPv6(text);

/** A network address to listen on. */
export function listenAddress(
  variable: string,
  { default: defaultValue }: { default: string },
): Setting<string> {
  return {
    variable,
    default: defaultValue,
    allowed: "an IP address or a host name",
    parse: (text) => (hostName.test(text) || isIPv4(text) || isIPv6(text) ? text : undefined),
  };
}

/** The address of another service: scheme, host and port, and nothing else. */
export function httpOrigin(
  variable: string,
  { default: defaultValue }: { default: string },
): Setting<string> {
  return {
    variable,
    default: defaultValue,
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
 * Reads all settings.
 *
 * @param environment the variables; an empty one counts as not set
 * @throws ConfigError with a line for every wrong variable
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
  // Object.fromEntries forgets which name has which type; the entries were made from `settings`.
  return Object.fromEntries(values) as Config<S>;
}
