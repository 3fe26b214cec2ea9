// What authentication costs: GET /users/{id} without it, and with a token that the service has verified before.
import { bearer, testIssuer } from "../../shared/testing/test-issuer.ts";
import type { Bench } from "./bench.ts";
import { compareVariants, type VariantPace, type VariantStarts } from "./variants.ts";

/**
 * Whether the platform checks tokens, and whether requests have one. The first two do the same: their
 * difference is the noise of the run. The third shows what the bytes of a token cost, which any server has to
 * receive and Bun keeps as a string.
 */
export const authentications = [
  { name: "off", title: "Off", isOn: false, hasToken: false },
  { name: "off-again", title: "Off, once more", isOn: false, hasToken: false },
  { name: "off-with-token", title: "Off, requests with a token", isOn: false, hasToken: true },
  { name: "on", title: "On", isOn: true, hasToken: true },
] as const;

/** Measures each of them. All requests have the same token, signed with RS256 as by most providers. */
export async function measureTokens(bench: Bench, pace: VariantPace): Promise<VariantStarts> {
  await using issuer = await testIssuer({ algorithm: "RS256" });
  const token = await issuer.token({ scope: "users:read", client_id: "benchmark" });
  const variants = authentications.map(({ name, title, isOn, hasToken }) => ({
    name,
    title,
    env: isOn ? issuer.environment() : {},
    headers: hasToken ? bearer(token) : {},
  }));
  // Without `await` the issuer's file would be deleted before a service reads it.
  return await compareVariants(bench, "Tokens", variants, pace);
}
