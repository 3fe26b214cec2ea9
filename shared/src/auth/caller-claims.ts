// What the claims of a verified token make of its sender.
import type { JWTPayload } from "jose";
import type { Caller } from "../core/caller.ts";
import { isUuid } from "../schema/uuid.ts";

/** Makes the caller of the claims of a verified token; otherwise why the token is refused. */
export type ToCaller = (
  claims: JWTPayload & { readonly sub: string },
) => Caller | "malformed" | "wrong-subject";

/** Characters of a client's name that the log shows. */
const maxNameLength = 100;

/** `client_id` (RFC 9068), or `azp` of OpenID Connect. */
function clientNames({ client_id: id, azp }: JWTPayload) {
  const name = [id, azp].find((claim) => typeof claim === "string" && claim !== "");
  if (typeof name !== "string") return { clientName: undefined, clientNameJson: undefined };
  const shown = name.slice(0, maxNameLength);
  return { clientName: shown, clientNameJson: JSON.stringify(shown) };
}

/** The scopes in `scope` (RFC 9068) and `scp`, each a text with blanks or a list. */
function scopesOf({ scope, scp }: JWTPayload): ReadonlySet<string> {
  const texts = [scope, scp].flat().filter((value) => typeof value === "string");
  return new Set(texts.flatMap((text) => text.split(" ")).filter((text) => text !== ""));
}

/** Equal for equal pairs of issuer and subject, and only for those. */
const identityOf = ({ iss, sub }: JWTPayload) => JSON.stringify([iss, sub]);

/**
 * For the tokens of clients.
 *
 * @param userClaim the claim that makes a caller a person, and has the id of its user. Undefined: all
 * callers are programs
 */
export function clientCaller(userClaim: string | undefined): ToCaller {
  return (claims) => {
    const isPerson = userClaim !== undefined && Object.hasOwn(claims, userClaim);
    const id = isPerson ? claims[userClaim] : undefined;
    // A person whose id cannot be read must not become a program, which may see all users.
    if (isPerson && !isUuid(id)) return "malformed";
    return {
      identity: identityOf(claims),
      ...clientNames(claims),
      scopes: scopesOf(claims),
      userId: isUuid(id) ? id.toLowerCase() : undefined,
    };
  };
}

/**
 * For the tokens of another service of the platform: whatever they say, they give these scopes.
 *
 * @param subject `sub` of the only tokens that are accepted
 */
export function serviceCaller(subject: string, scopes: readonly string[]): ToCaller {
  return (claims) =>
    claims.sub === subject
      ? {
          identity: identityOf(claims),
          ...clientNames(claims),
          scopes: new Set(scopes),
          userId: undefined,
        }
      : "wrong-subject";
}
