// E-mail addresses: what browsers accept in a form, with a dot in the domain.
import { customType } from "@platform/shared/schema/custom-type";

// https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address, with at least one dot.
const pattern =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$/;

/** RFC 5321, 4.5.3.1.3: a path is at most 256 octets, two of them angle brackets. */
const maxLength = 254;

/**
 * The schema of an e-mail address. In its normal form it is trimmed, with the domain in lower case and
 * the local part as the client sent it.
 */
export const email = customType<string>("Email", {
  check(value) {
    if (typeof value !== "string") return false;
    const address = value.trim();
    return address.length <= maxLength && pattern.test(address);
  },
  normalise(raw) {
    const address = raw.trim();
    const at = address.lastIndexOf("@");
    return address.slice(0, at) + address.slice(at).toLowerCase();
  },
  rule: () => `an e-mail address of at most ${maxLength} characters`,
})({ type: "string", format: "email", maxLength, examples: ["alice@example.com"] });
