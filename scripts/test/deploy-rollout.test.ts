import { expect, test } from "bun:test";
import { isDuration, isReady } from "../deploy/rollout.ts";

/** A Deployment of two replicas, whose newest template the Deployment controller has seen. */
const deployment = (status: object) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "user-service", generation: 2 },
  spec: { replicas: 2, template: { spec: { containers: [] } } },
  status: { observedGeneration: 2, ...status },
});

const allReady = { replicas: 2, updatedReplicas: 2, readyReplicas: 2 };

test.each([
  ["every pod is new and ready", true, allReady],
  ["there is no status yet", false, { observedGeneration: undefined }],
  ["the newest template was not seen yet", false, { ...allReady, observedGeneration: 1 }],
  ["an old pod is left", false, { replicas: 2, updatedReplicas: 1, readyReplicas: 2 }],
  ["a new pod is not ready", false, { replicas: 2, updatedReplicas: 2, readyReplicas: 1 }],
  [
    "an old pod is ready in the place of a new one that is not",
    false,
    { replicas: 3, updatedReplicas: 2, readyReplicas: 2 },
  ],
])("isReady() when %s: %p", (_, expected, status) => {
  expect(isReady(deployment(status))).toBe(expected);
});

test.each(["5m", "90s", "1h30m", "1.5h", "500ms"])("isDuration() takes %p", (text) => {
  expect(isDuration(text)).toBe(true);
});

test.each(["300", "5 m", "5min", "m", "-5m", "9999999h", "s5"])(
  "isDuration() refuses %p, which kubectl cannot read as a time to wait",
  (text) => {
    expect(isDuration(text)).toBe(false);
  },
);
