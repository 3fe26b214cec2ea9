import { describe, expect, test } from "bun:test";
import { serviceIssuerSettings } from "../../src/service/auth-settings.ts";
import { readServiceConfig } from "../../src/service/definition.ts";
import { ConfigError, type Environment } from "../../src/service/env.ts";

const engines = { sqlite: { migrations: [], stores: () => ({}) } };
const plain = { name: "x", database: "sqlite:data/x.db", engines, settings: {} };
const called = {
  ...plain,
  settings: serviceIssuerSettings,
  callingService: () => undefined,
};

/** The lines for the operator; none if the variables are right. */
function errors(environment: Environment, service: typeof called | typeof plain = called) {
  try {
    readServiceConfig(service, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.messages;
    throw error;
  }
}

const on = { AUTH_ISSUER: "https://login.example", AUTH_JWKS: "https://login.example/jwks" };
const ofService = {
  AUTH_SERVICE_ISSUER: "https://kubernetes.default.svc.cluster.local",
  AUTH_SERVICE_JWKS: "file:/keys/jwks.json",
  AUTH_SERVICE_SUBJECT: "system:serviceaccount:shop:order-service",
};

describe("The variables of authentication", () => {
  test("are all optional, and AUTH_AUDIENCE is the service's name", () => {
    expect(errors({})).toEqual([]);
    expect(readServiceConfig(plain, on)).toMatchObject({ authAudience: "x", authMode: "enforce" });
    expect(errors({ ...on, ...ofService, AUTH_USER_CLAIM: "sub", AUTH_MODE: "observe" })).toEqual(
      [],
    );
    expect(errors({ AUTH_MODE: "observe" })).toEqual([]);
  });

  test.each([
    "https://login.example/realms/shop/protocol/openid-connect/certs?tenant=1",
    "http://127.0.0.1:9000/jwks",
    "http://[::1]:9000/jwks",
    "http://localhost:9000/jwks",
    "file:/etc/keys/jwks.json",
    "file:///etc/keys/jwks.json",
  ])("take %s as AUTH_JWKS", (AUTH_JWKS) => {
    expect(errors({ ...on, AUTH_JWKS })).toEqual([]);
  });

  test.each([
    "http://login.example/jwks",
    "http://127.0.0.1.login.example/jwks",
    "https://user:secret@login.example/jwks",
    "https://login.example/jwks#key",
    "https:login.example",
    "https://",
    "file:jwks.json",
    "file://host/jwks.json",
    "file:/",
    "file:/jwks.json?a=1",
    "file:/keys%2Fjwks.json",
    "file:/keys/jwks.json%00",
    "/etc/keys/jwks.json",
    "data:application/json,{}",
    "jwks",
  ])("refuse %s as AUTH_JWKS, and show no part of it", (AUTH_JWKS) => {
    const [line = "", ...others] = errors({ ...on, AUTH_JWKS });
    expect(others).toEqual([]);
    expect(line).toStartWith(
      "Cannot use AUTH_JWKS: it must be an https URL without credentials or fragment, such as " +
        "https://login.example/jwks.json, or file: and an absolute path",
    );
    expect(line).not.toContain("secret");
  });

  test.each(["AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_USER_CLAIM"])(
    "refuse white space in %s",
    (variable) => {
      expect(errors({ ...on, [variable]: "a b" })).toHaveLength(1);
    },
  );

  test.each(["AUTH_JWKS", "AUTH_AUDIENCE", "AUTH_USER_CLAIM", ...Object.keys(ofService)])(
    "refuse %s alone in every service, so that an AUTH_ISSUER that is empty by mistake opens none",
    (variable) => {
      const environment = { AUTH_ISSUER: "", [variable]: "https://login.example" };
      for (const service of [called, plain]) {
        expect(errors(environment, service)).toEqual([
          `Cannot use ${variable} without AUTH_ISSUER: set both or neither`,
        ]);
      }
    },
  );

  test("are not those that Kubernetes sets for a Service that is named auth", () => {
    expect(errors({ AUTH_PORT: "tcp://10.0.0.7:80", AUTH_SERVICE_HOST: "10.0.0.7" })).toEqual([]);
  });

  test("refuse AUTH_ISSUER without the issuer's keys", () => {
    expect(errors({ AUTH_ISSUER: "https://login.example" })).toEqual([
      "Cannot use AUTH_ISSUER without AUTH_JWKS: it must say where the issuer's keys are",
    ]);
  });

  test("refuse a second issuer that is incomplete, or the same", () => {
    for (const [variable] of Object.entries(ofService)) {
      expect(errors({ ...on, ...ofService, [variable]: "" })).toEqual([
        `${variable} is missing: set all of AUTH_SERVICE_ISSUER, AUTH_SERVICE_JWKS, ` +
          "AUTH_SERVICE_SUBJECT, or none",
      ]);
    }
    expect(errors({ ...on, ...ofService, AUTH_SERVICE_ISSUER: on.AUTH_ISSUER })).toEqual([
      "Cannot use AUTH_SERVICE_ISSUER: it must be another issuer than AUTH_ISSUER",
    ]);
  });

  test("of a second issuer mean nothing beside AUTH_ISSUER to a service that no other one calls", () => {
    expect(errors({ ...on, ...ofService }, plain)).toEqual([]);
    expect(errors({ ...on, AUTH_SERVICE_ISSUER: on.AUTH_ISSUER }, plain)).toEqual([]);
  });

  test("are all named where several are wrong", () => {
    const environment = { AUTH_JWKS: "jwks", AUTH_MODE: "off", AUTH_USER_CLAIM: "id" };
    expect(errors(environment)).toEqual([
      "Cannot use AUTH_JWKS without AUTH_ISSUER: set both or neither",
      "Cannot use AUTH_USER_CLAIM without AUTH_ISSUER: set both or neither",
      expect.stringMatching(/^Cannot use AUTH_JWKS: it must be an https URL/),
      'Cannot use AUTH_MODE "off": it must be one of enforce, observe',
    ]);
  });
});
