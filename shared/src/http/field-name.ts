/** A header field's name as people write it: `if-match` as `If-Match`. */
export function canonicalHeaderName(lowerCase: string): string {
  return lowerCase.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
