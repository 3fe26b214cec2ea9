// The configurations of docs/behind-a-proxy.md, so that the tests run the text that users copy.
import { join } from "node:path";

const page = await Bun.file(join(import.meta.dir, "../../docs/behind-a-proxy.md")).text();

/**
 * The blocks of code in a language, in their order on the page.
 *
 * @throws Error if there is none
 */
function blocks(language: string): [string, ...string[]] {
  const found = [...page.matchAll(/^```(\S+)\n(.*?)^```$/gms)].filter(
    ([, name]) => name === language,
  );
  const [first, ...rest] = found.map(([, , text = ""]) => text);
  if (first === undefined) throw new Error(`Cannot find a block of ${language} on the page`);
  return [first, ...rest];
}

/** The configuration of a program: the first block in its language. */
export function configurationOf(language: string): string {
  return blocks(language)[0];
}

/**
 * A later block in the language that contains a text.
 *
 * @throws Error if there is none
 */
export function variantOf(language: string, text: string): string {
  const [, ...variants] = blocks(language);
  const variant = variants.find((block) => block.includes(text));
  if (variant === undefined) throw new Error(`Cannot find ${text} in a later block of ${language}`);
  return variant;
}

/**
 * Replaces texts of a configuration.
 *
 * @throws Error if one of them is not in it, which then says something else than the test expects
 */
export function adapted(configuration: string, changes: Readonly<Record<string, string>>): string {
  let result = configuration;
  for (const [from, to] of Object.entries(changes)) {
    if (!result.includes(from)) throw new Error(`Cannot find ${from} in ${configuration}`);
    result = result.replaceAll(from, to);
  }
  return result;
}
