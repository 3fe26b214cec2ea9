// What a client outside the cluster reaches, through the Ingress and through a Gateway.

/** Paths, each with the service that serves it. */
export const publicPaths: [path: string, service: string][] = [
  ["/users", "user-service"],
  ["/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "user-service"],
  ["/orders", "order-service"],
  ["/orders/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "order-service"],
];

/** Paths that lead nowhere. */
export const hiddenPaths = [
  "/",
  "/metrics",
  "/health",
  "/ready",
  "/swagger",
  "/swagger/json",
  "/usersmetrics",
];

/** Whether a rule matches a path, as `Prefix` and `PathPrefix` do: element by element. */
export const hasPrefix = (path: string, prefix: string) =>
  `${path}/`.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
