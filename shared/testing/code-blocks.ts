// The code that a Markdown page shows.

/** A fenced block of code. */
export interface CodeBlock {
  /** The word after the fence, such as `sh`. */
  readonly language: string;
  readonly code: string;
  /** The text between the block before it and this one. */
  readonly before: string;
}

/** The blocks of code in a page, in order. */
export function codeBlocks(text: string): readonly CodeBlock[] {
  let end = 0;
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map((match) => {
    const [all, language = "", code = ""] = match;
    const before = text.slice(end, match.index);
    end = match.index + all.length;
    return { language, code, before };
  });
}
