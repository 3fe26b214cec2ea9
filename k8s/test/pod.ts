// The rules for every pod.
import { expect } from "bun:test";
import type { Container, PodSpec } from "kubernetes-types/core/v1";

/** The members of a volume that the restricted Pod Security Standard allows, of those that are used. */
const volumeKinds = [
  "name",
  "configMap",
  "emptyDir",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** Checks the restricted Pod Security Standard for the fields that these pods have, and more. */
export function expectRestricted(spec: PodSpec): void {
  expect(spec.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect([spec.hostNetwork, spec.hostPID, spec.hostIPC]).toEqual([undefined, undefined, undefined]);
  expect([spec.initContainers, spec.ephemeralContainers]).toEqual([undefined, undefined]);
  for (const kind of (spec.volumes ?? []).flatMap(Object.keys)) {
    expect(volumeKinds).toContain(kind);
  }
  spec.containers.forEach(expectRestrictedContainer);
}

function expectRestrictedContainer({ securityContext, ports = [] }: Container): void {
  expect(securityContext).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
  });
  for (const { hostPort } of ports) expect(hostPort).toBeUndefined();
}

/** Checks that a container requests CPU and so many bytes of memory, and that its limits are no lower. */
export function expectResources({ resources }: Container, minMemory: number): void {
  const { requests = {}, limits = {} } = resources ?? {};
  for (const resource of ["cpu", "memory"]) {
    expect(amount(requests[resource])).toBeGreaterThan(0);
    expect(amount(limits[resource])).toBeGreaterThanOrEqual(amount(requests[resource]));
  }
  expect(amount(requests["memory"])).toBeGreaterThanOrEqual(minMemory);
}

/** A quantity such as 100m or 512Mi as a number; NaN if there is none. */
export function amount(quantity: string | undefined): number {
  const [, digits, unit = ""] = /^(\d+)(m|Mi|Gi)?$/.exec(quantity ?? "") ?? [];
  const factors: Record<string, number> = { "": 1, m: 1 / 1000, Mi: 2 ** 20, Gi: 2 ** 30 };
  return Number(digits) * (factors[unit] ?? Number.NaN);
}
