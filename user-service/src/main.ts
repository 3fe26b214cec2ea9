// user-service as a program: its storage engines and its app.
import { runService } from "@platform/shared/service/cli";
import { keyRetention } from "@platform/shared/idempotency/key-retention";
import { createApp } from "./app.ts";
import { sqlite } from "./engines/sqlite.ts";

await runService(
  {
    name: "user-service",
    database: "sqlite:data/user_service.db",
    engines: { sqlite, postgres: async () => (await import("./engines/postgres.ts")).postgres },
    settings: {},
    build: ({ stores: { users }, parts }) => ({
      app: createApp({ ...parts, users }),
      backgroundJobs: [keyRetention(users)],
    }),
  },
  process,
);
