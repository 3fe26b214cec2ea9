// user-service as a program: its database, its store and its app.
import { runService } from "@platform/shared/service/cli";
import { keyRetention } from "@platform/shared/idempotency/key-retention";
import { createApp } from "./app.ts";
import { migrations } from "./migrations/index.ts";
import { sqliteUserStore } from "./users/sqlite-user-store.ts";

await runService(
  {
    name: "user-service",
    database: "sqlite:data/user_service.db",
    migrations,
    settings: {},
    build({ storage, parts }) {
      const users = sqliteUserStore(storage);
      return { app: createApp({ ...parts, users }), backgroundJobs: [keyRetention(users)] };
    },
  },
  process,
);
