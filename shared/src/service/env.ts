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
