// order-service as a program: its storage engines, its settings, its client of user-service and its
// app.
import { keyRetention } from "@platform/shared/idempotency/key-retention";
import { runService } from "@platform/shared/service/cli";
import { httpOrigin, integer } from "@platform/shared/service/setting-kinds";
import { createApp } from "./app.ts";
import { sqlite } from "./engines/sqlite.ts";
import { serviceToken, tokenFile } from "./user-service/service-token.ts";
import { userDirectory } from "./user-service/user-directory.ts";
import { userServiceMetrics } from "./user-service/metrics.ts";

await runService(
  {
    name: "order-service",
    database: "sqlite:data/order_service.db",
    engines: { sqlite, postgres: async () => (await import("./engines/postgres.ts")).postgres },
    settings: {
      userServiceUrl: httpOrigin("USER_SERVICE_URL", { default: "http://localhost:8000" }),
      userServiceTimeoutMs: integer("USER_SERVICE_TIMEOUT_MS", {
        default: 2000,
        min: 1,
        max: 60_000,
      }),
      /** This service's own token for user-service. Undefined: none is sent. */
      userServiceTokenFile: tokenFile("USER_SERVICE_TOKEN_FILE"),
    },
    build({ config, stores: { orders }, parts }) {
      const { userServiceTokenFile: file } = config;
      const token = file && serviceToken(file, { logger: parts.logger });
      const users = userDirectory({
        url: config.userServiceUrl,
        timeoutMs: config.userServiceTimeoutMs,
        token,
        logger: parts.logger,
        tracer: parts.tracer,
        metrics: userServiceMetrics(parts.metrics.registry),
      });
      return {
        app: createApp({ ...parts, orders, users }),
        backgroundJobs: [keyRetention(orders), ...(token === undefined ? [] : [token.job])],
      };
    },
  },
  process,
);
