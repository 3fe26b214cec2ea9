// E-mail addresses: what browsers accept in a form, with a dot in the domain.
import { customType } from "@platform/shared/schema/custom-type";

// https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address, with at least one dot.
const pattern =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$/;

/** RFC 5321, 4.5.3.1.3: a path is at most 256 octets, two of them angle brackets. */
const maxLength = 254;

/**
 * An address in its normal form: trimmed, the domain in lower case, the local part as the client sent
 * it. Undefined if the text is not an address.
 */
export function parseEmail(raw: string): string | undefined {
  const address = raw.trim();
  if (address.length > maxLength || !pattern.test(address)) return undefined;
  const at = address.lastIndexOf("@");
  return address.slice(0, at) + address.slice(at).toLowerCase();
}

/** The schema of an e-mail address; {@link parseEmail} gives its normal form. */
export const email = customType<string>("Email", {
  parse: (value) => (typeof value === "string" ? parseEmail(value) : undefined),
  rule: () => `an e-mail address of at most ${maxLength} characters`,
})({ type: "string", format: "email", maxLength, examples: ["alice@example.com"] });
