// The configurations of docs/behind-a-proxy.md.
import { readPage } from "../support/page.ts";

const page = await readPage("behind-a-proxy.md");

/** The configuration of a program: the first block in its language. */
export const configurationOf = page.first;

/** A later block in the language that contains a text. @throws Error if there is none */
export const variantOf = page.variant;
