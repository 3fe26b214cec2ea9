import { describe, expect, test } from "bun:test";
import { keyOwner } from "../../src/auth/key-owner.ts";
import { isHidden, personId, requireOwn, requireScope } from "../../src/auth/permissions.ts";
import { currentRequest, openContext } from "../../src/telemetry/request-context.ts";

/** Runs the work of a request whose token was never checked. */
function unchecked<T>(isEnforced: boolean, work: () => T): T {
  const context = openContext(new Request("http://a/"));
  context.authPolicy = { realm: "notes", isEnforced };
  return currentRequest.run(context, work);
}

describe("the permissions of a request without a caller", () => {
  test("are an error where tokens are enforced: nothing is allowed by mistake", () => {
    const owner = keyOwner({ secret: () => new Uint8Array(32) });
    const questions = [personId, () => isHidden("1"), () => requireOwn("1"), owner];
    for (const ask of [...questions, () => requireScope("notes:read")]) {
      expect(() => unchecked(true, ask)).toThrow("was not checked");
    }
  });

  test("are all of them where tokens are only observed", () => {
    const owner = keyOwner({ secret: () => new Uint8Array(32) });
    unchecked(false, () => {
      requireScope("notes:read");
      requireOwn("1");
      expect([personId(), isHidden("1"), owner()]).toEqual([undefined, false, undefined]);
    });
  });
});
