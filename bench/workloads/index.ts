// What is measured. Each has a script for wrk of the same name beside this file.
import type { ServiceName } from "../peers/peer.ts";

/** A kind of load. */
export interface Workload {
  readonly name: string;
  /** As the report calls it. */
  readonly title: string;
  /** Who is asked. */
  readonly service: ServiceName;
  /** A quick run leaves the others out. */
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

/** The name of a workload. */
export type WorkloadName = (typeof workloads)[number]["name"];
