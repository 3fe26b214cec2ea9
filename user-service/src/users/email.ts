// E-mail addresses: what browsers accept in a form, with a domain that can be reached.
import { customType } from "@platform/shared/schema/custom-type";

// https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address, with at least one dot.
const pattern =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$/;

/** RFC 5321, 4.5.3.1.3: a path is at most 256 octets, two of them angle brackets. */
const maxLength = 254;

/** Whether trimmed text is an address. */
function isEmail(text: string): boolean {
  return text.length <= maxLength && pattern.test(text);
}

/**
 * An address in the form in which it is stored: trimmed, the domain in lower case, the local part as
 * given. Undefined if it is none.
 */
export function parseEmail(raw: string): string | undefined {
  const address = raw.trim();
  if (!isEmail(address)) return undefined;
  const at = address.lastIndexOf("@");
  return address.slice(0, at) + address.slice(at).toLowerCase();
}

/** The schema of an e-mail address. */
export const email = customType<string>("Email", {
  check: (value) => typeof value === "string" && isEmail(value.trim()),
  rule: () => `an e-mail address of at most ${maxLength} characters`,
})({ type: "string", format: "email", maxLength, examples: ["alice@example.com"] });
