// order-service: its configuration and its parts.
import { runService } from "@platform/shared/service/cli";
import { serviceUrl, wholeNumber } from "@platform/shared/service/env";
import { createApp } from "./app.ts";
import { keyRetention } from "./idempotency/key-retention.ts";
import { migrations } from "./migrations/index.ts";
import { sqliteOrderStore } from "./orders/sqlite-order-store.ts";
import { slowestCallMs, userDirectory } from "./user-service/user-directory.ts";
import { userServiceMetrics } from "./user-service/metrics.ts";

await runService(
  {
    name: "order-service",
    database: "sqlite:data/order_service.db",
    migrations,
    settings: {
      userServiceUrl: serviceUrl("USER_SERVICE_URL", { fallback: "http://localhost:8000" }),
      userServiceTimeoutMs: wholeNumber("USER_SERVICE_TIMEOUT_MS", {
        fallback: 2000,
        min: 1,
        max: 60_000,
      }),
    },
    slowestAnswerSeconds: ({ userServiceTimeoutMs }) =>
      Math.ceil(slowestCallMs(userServiceTimeoutMs) / 1000),
    build({ config, storage, parts }) {
      const orders = sqliteOrderStore(storage);
      const users = userDirectory({
        url: config.userServiceUrl,
        timeoutMs: config.userServiceTimeoutMs,
        logger: parts.logger,
        metrics: userServiceMetrics(parts.metrics.registry),
      });
      return { app: createApp({ ...parts, orders, users }), chores: [keyRetention(orders)] };
    },
  },
  process,
);
