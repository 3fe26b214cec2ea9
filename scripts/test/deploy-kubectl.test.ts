import { expect, test } from "bun:test";
import { KubectlError } from "../deploy/kubectl.ts";

test.each([
  'error: unable to recognize "STDIN": Get "http://127.0.0.1:1/api": dial tcp 127.0.0.1:1: connect: connection refused',
  'Error in configuration: context was not found for specified context: "staging"',
  "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired",
  "error: You must be logged in to the server (Unauthorized)",
])("KubectlError is about the cluster: %s", (message) => {
  expect(new KubectlError(message).isAboutCluster).toBe(true);
});

test.each([
  'error: resource mapping not found: no matches for kind "Certificate" in version "cert-manager.io/v1"',
  'pods "user-service" is forbidden: violates PodSecurity "restricted": must set securityContext.runAsNonRoot=true',
])("KubectlError is about an object, and not about the cluster: %s", (message) => {
  expect(new KubectlError(message).isAboutCluster).toBe(false);
});
