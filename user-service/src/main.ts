// user-service as a program: its storage engines, its settings and its app.
import { keyRetention } from "@platform/shared/idempotency/key-retention";
import { serviceIssuerSettings } from "@platform/shared/service/auth-settings";
import { runService } from "@platform/shared/service/cli";
import { createApp } from "./app.ts";
import { sqlite } from "./engines/sqlite.ts";

await runService(
  {
    name: "user-service",
    database: "sqlite:data/user_service.db",
    engines: { sqlite, postgres: async () => (await import("./engines/postgres.ts")).postgres },
    settings: serviceIssuerSettings,
    // order-service looks users up, and does nothing else here.
    callingService: ({
      authServiceIssuer: issuer,
      authServiceJwks: jwks,
      authServiceSubject: subject,
    }) =>
      issuer && jwks && subject ? { issuer, jwks, subject, scopes: ["users:read"] } : undefined,
    build: ({ stores: { users }, parts }) => ({
      app: createApp({ ...parts, users }),
      backgroundJobs: [keyRetention(users)],
    }),
  },
  process,
);
