// Shared by both Node services: the server with its log, metrics and request ids.
import Fastify from "fastify";
import prometheus from "prom-client";
import { v7 as uuid } from "uuid";

/** Makes the server; routes are added to it. */
export function createServer(service) {
  const app = Fastify({
    logger: { base: { service } },
    disableRequestLogging: true,
    requestIdHeader: "x-request-id",
    requestIdLogLabel: "request_id",
    genReqId: () => uuid(),
  });
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  const labels = { registers: [registry], labelNames: ["method", "endpoint", "status"] };
  const total = new prometheus.Counter({
    name: "http_requests_total",
    help: "Responses sent",
    ...labels,
  });
  const duration = new prometheus.Histogram({
    name: "http_request_duration_seconds",
    help: "Time to the response",
    registers: [registry],
    labelNames: ["method", "endpoint"],
  });

  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    const endpoint = request.routeOptions.url ?? "unmatched";
    if (endpoint === "/health" || endpoint === "/metrics") return;
    const ms = reply.elapsedTime;
    total.inc({ method, endpoint, status: reply.statusCode });
    duration.observe({ method, endpoint }, ms / 1000);
    const line = { method, route: endpoint, path: url, status: reply.statusCode, duration_ms: ms };
    request.log.info(line, "request");
  });
  app.setErrorHandler((error, request, reply) => {
    const status = error.validation ? 422 : (error.statusCode ?? 500);
    if (status >= 500) request.log.error(error);
    reply.code(status).send({ status, detail: status >= 500 ? "Internal error" : error.message });
  });
  app.get("/health", { schema: { response: { 200: healthy } } }, async () => ({ status: "ok" }));
  app.get("/metrics", async (_request, reply) => {
    reply.type(registry.contentType);
    return registry.metrics();
  });
  return app;
}

const healthy = { type: "object", properties: { status: { type: "string" } } };

/** Listens on the address of the environment. */
export async function listen(app) {
  await app.listen({ port: Number(process.env.PORT), host: process.env.HOST });
}

/** Whether the database is on a PostgreSQL server, and not in a file of SQLite. */
export const isOnPostgres = process.env.DATABASE_URL.startsWith("postgres:");

/** The entity tag of a resource that was last changed at this time. */
export function entityTag(updatedAt) {
  return `"${updatedAt.toString(36)}"`;
}

/** A time in the format of the API. */
export function timestamp(milliseconds) {
  return new Date(milliseconds).toISOString();
}

/** The parameters of a path to one resource. */
export const oneById = {
  type: "object",
  properties: { id: { type: "string", format: "uuid" } },
  required: ["id"],
};
