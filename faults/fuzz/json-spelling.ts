// The many JSON texts of one value, which must all get the same response.
import * as fc from "fast-check";
import type { Json } from "../../shared/src/openapi/types.ts";
import { jsonText } from "./json-texts.ts";

const space = fc.constantFrom("", "", " ", "\t", "\r\n  ");

/** Members that bodies do not have, or not in this place. */
const unknownMembers = (
  "__proto__ constructor toString hasOwnProperty id created_at updated_at total_amount status " +
  "then"
)
  .split(" ")
  .concat("");

function stringSpelling(text: string): fc.Arbitrary<string> {
  const escaped = Array.from({ length: text.length }, (_, at) => {
    const code = text.charCodeAt(at).toString(16);
    return `\\u${code.padStart(4, "0")}`;
  });
  const plain = JSON.stringify(text);
  return fc.constantFrom(plain, `"${escaped.join("")}"`, plain.replaceAll("/", "\\/"));
}

function numberSpelling(value: number): fc.Arbitrary<string> {
  const text = JSON.stringify(value);
  if (text.includes("e")) return fc.constant(text);
  const zeros = text.includes(".") ? "00" : ".00";
  return fc.constantFrom(text, `${text}${zeros}`, `${text}e0`, `${text}E+00`, `${text}e-0`);
}

/**
 * A JSON text of a value, with its members in any order.
 *
 * @param withUnknownMembers whether objects get members that services ignore
 */
export function spelling(value: Json, withUnknownMembers: boolean): fc.Arbitrary<string> {
  if (typeof value === "string") return stringSpelling(value);
  if (typeof value === "number") return numberSpelling(value);
  if (value === null || typeof value === "boolean") return fc.constant(String(value));
  if (Array.isArray(value)) {
    const items = value.map((item) => spelling(item, withUnknownMembers));
    return fc.tuple(space, ...items).map(([gap, ...texts]) => `[${gap}${texts.join(`${gap},`)}]`);
  }
  const names = unknownMembers.filter((name) => !(name in value) || name in Object.prototype);
  const member = fc.tuple(fc.constantFrom(...names).chain(stringSpelling), jsonText);
  const own = Object.entries(value).map(([name, part]) =>
    fc.tuple(stringSpelling(name), spelling(part, withUnknownMembers)),
  );
  return fc
    .tuple(fc.tuple(...own), fc.array(member, { maxLength: withUnknownMembers ? 4 : 0 }), space)
    .chain(([own, others, gap]) => {
      const members = [...own, ...others].map((pair) => pair.join(`${gap}:`));
      return fc
        .shuffledSubarray(members, { minLength: members.length })
        .map((members) => `{${gap}${members.join(`,${gap}`)}${gap}}`);
    });
}
