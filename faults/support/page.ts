// The code of a page in docs/, so that the tests run the text that users copy.
import { join } from "node:path";
import { codeBlocks } from "../../shared/testing/code-blocks.ts";

/** The code of one page. */
interface Page {
  /** The first block in a language. @throws Error if there is none */
  first(language: string): string;
  /** A later block in the language that contains a text. @throws Error if there is none */
  variant(language: string, text: string): string;
}

/** Reads a page. @param name such as `operating.md` */
export async function readPage(name: string): Promise<Page> {
  const page = await Bun.file(join(import.meta.dir, "../../docs", name)).text();

  /** The blocks of code in a language, in their order on the page. */
  function blocks(language: string): [string, ...string[]] {
    const found = codeBlocks(page).filter((block) => block.language === language);
    const [first, ...rest] = found.map(({ code }) => code);
    if (first === undefined) throw new Error(`Cannot find a block of ${language} in ${name}`);
    return [first, ...rest];
  }

  return {
    first: (language) => blocks(language)[0],
    variant(language, text) {
      const [, ...variants] = blocks(language);
      const variant = variants.find((block) => block.includes(text));
      if (variant !== undefined) return variant;
      throw new Error(`Cannot find ${text} in a later block of ${language} in ${name}`);
    },
  };
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
