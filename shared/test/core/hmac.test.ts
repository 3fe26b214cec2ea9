import { SQL } from "bun";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { hmacSha256 } from "../../src/core/hmac.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";

test("hmacSha256() is what OpenSSL makes of the same bytes", () => {
  // echo -n text | openssl dgst -sha256 -mac HMAC -macopt key:secret
  expect(hmacSha256(Buffer.from("secret"), "text", "hex")).toBe(
    "2f443685592900e619f2f3b2350c3c8a5738e2e7a26bc9a244d3393c3cd6abd6",
  );
});

test("hmacSha256() does not fail after a session found no certificate in the file of its CA", async () => {
  await using folder = temporaryFolder();
  const file = join(folder.path, "ca.pem");
  await Bun.write(file, "no certificate\n");
  const url = `postgres://user:password@127.0.0.1:1/name?sslmode=verify-full&sslrootcert=${file}`;
  await using sql = new SQL(url, { max: 1 });
  expect(await rejectionOf(sql`SELECT 1`)).toMatchObject({ code: "ERR_BORINGSSL" });
  expect(hmacSha256(Buffer.from("secret"), "text", "base64url")).toHaveLength(43);
});
