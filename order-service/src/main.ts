// order-service as a program: its database, its settings, its store, its client of user-service and
// its app.
import { runService } from "@platform/shared/service/cli";
import { httpOrigin, integer } from "@platform/shared/service/env";
import { createApp } from "./app.ts";
import { keyRetention } from "@platform/shared/idempotency/key-retention";
import { migrations } from "./migrations/index.ts";
import { sqliteOrderStore } from "./orders/sqlite-order-store.ts";
import { userDirectory } from "./user-service/user-directory.ts";
import { userServiceMetrics } from "./user-service/metrics.ts";

await runService(
  {
    name: "order-service",
    database: "sqlite:data/order_service.db",
    migrations,
    settings: {
      userServiceUrl: httpOrigin("USER_SERVICE_URL", { default: "http://localhost:8000" }),
      userServiceTimeoutMs: integer("USER_SERVICE_TIMEOUT_MS", {
        default: 2000,
        min: 1,
        max: 60_000,
      }),
    },
    build({ config, storage, parts }) {
      const orders = sqliteOrderStore(storage);
      const users = userDirectory({
        url: config.userServiceUrl,
        timeoutMs: config.userServiceTimeoutMs,
        logger: parts.logger,
        metrics: userServiceMetrics(parts.metrics.registry),
      });
      return {
        app: createApp({ ...parts, orders, users }),
        backgroundJobs: [keyRetention(orders)],
      };
    },
  },
  process,
);
