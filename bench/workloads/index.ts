// The workloads. Each has a script for wrk of the same name in this folder.
import type { ServiceName } from "../peers/peer.ts";

/** A kind of load. */
export interface Workload {
  readonly name: string;
  /** Its name in the report. */
  readonly title: string;
  /** The service that gets the requests. */
  readonly service: ServiceName;
  /** Whether a quick run measures it too. */
  readonly isInQuick: boolean;
}

/** All of them, in the order of the report. */
export const workloads = [
  { name: "get-user", title: "GET /users/{id}", service: "user-service", isInQuick: true },
  { name: "get-order", title: "GET /orders/{id}", service: "order-service", isInQuick: false },
  { name: "list-users", title: "GET /users?limit=100", service: "user-service", isInQuick: true },
  { name: "post-user", title: "POST /users", service: "user-service", isInQuick: true },
  { name: "patch-user", title: "PATCH /users/{id}", service: "user-service", isInQuick: true },
  { name: "post-order", title: "POST /orders", service: "order-service", isInQuick: true },
  {
    name: "post-order-hot",
    title: "POST /orders, ten users",
    service: "order-service",
    isInQuick: false,
  },
  { name: "mix-users", title: "Mix, 80 % reads", service: "user-service", isInQuick: true },
  { name: "health", title: "GET /health", service: "user-service", isInQuick: false },
] as const satisfies readonly Workload[];

/** The title of the workload of this name. */
export function titleOf(name: string): string {
  return workloads.find((workload) => workload.name === name)?.title ?? name;
}

/** The name of a workload. */
export type WorkloadName = (typeof workloads)[number]["name"];
