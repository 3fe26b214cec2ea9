import { describe, expect, test } from "bun:test";
import { refusedVariables } from "../../src/service/runtime-variables.ts";

describe("refusedVariables()", () => {
  test.each([
    ["BUN_INSPECT", "127.0.0.1:6499"],
    ["BUN_BE_BUN", "0"],
    ["BUN_OPTIONS", "--preload=./x.ts"],
    ["BUN_CONFIG_VERBOSE_FETCH", "curl"],
    ["NODE_TLS_REJECT_UNAUTHORIZED", "0"],
  ])("refuses %s=%s in one line, which does not quote the value", (variable, value) => {
    const [message = "", ...more] = refusedVariables({ [variable]: value });
    expect(message).toMatch(new RegExp(`^Cannot run with ${variable}: [^\\n]+; unset it[^\\n]*$`));
    if (value.length > 1) expect(message).not.toContain(value);
    expect(more).toEqual([]);
    expect(refusedVariables({ [variable]: "" })).toEqual([]);
  });

  test("has a line for each of several", () => {
    expect(refusedVariables({ BUN_OPTIONS: "--smol", BUN_INSPECT: "1" })).toHaveLength(2);
  });

  test("lets pass what has no effect or a good one, and an inspector for this user alone", () => {
    const environment = {
      BUN_INSPECT: "ws+unix:///run/debugger",
      NODE_TLS_REJECT_UNAUTHORIZED: "1",
      NODE_EXTRA_CA_CERTS: "/etc/ca.pem",
      NODE_OPTIONS: "--inspect",
      SSLKEYLOGFILE: "/tmp/keys",
      HTTP_PROXY: "http://proxy",
    };
    expect(refusedVariables(environment)).toEqual([]);
  });
});
