// A whole service in the process of the test: with a new database, a real socket and its log lines.
// Every response is checked against the service's own API document.
import type { AnyElysia } from "elysia";
import type { Lifecycle } from "../src/core/lifecycle.ts";
import type { Storage } from "../src/core/storage.ts";
import type { Tracer } from "../src/core/tracer.ts";
import { openApiDocument } from "../src/openapi/document.ts";
import type { OpenApiDocument } from "../src/openapi/types.ts";
import type { Problem } from "../src/http/problem.ts";
import { listen } from "../src/http/server.ts";
import type { CallingService } from "../src/auth/create-guard.ts";
import { createAuth } from "../src/service/auth.ts";
import { authSettings } from "../src/service/auth-settings.ts";
import { readConfig, type Environment } from "../src/service/env.ts";
import {
  checkRoutes,
  createParts,
  realmOf,
  type ServiceParts,
} from "../src/service/service-app.ts";
import type { Registry } from "../src/telemetry/prometheus.ts";
import { validatingFetch } from "./contract-check.ts";
import { logLines, type LogLine } from "./log-lines.ts";
import type { TemporaryStorage } from "./temporary-storage.ts";

/** What a test sends besides the path. */
export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Sent as JSON, with `Content-Type: application/json` unless `headers` has another. */
  readonly json?: unknown;
  /** Sent as it is; `headers` has to name its type. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream;
}

/** The JSON of a response that was checked against the document; `T` is the documented type. */
export function bodyOf<T = Problem>(response: Response): Promise<T> {
  return response.json() as Promise<T>;
}

/** The value of a series, named as `/metrics` prints it, labels included; undefined if absent. */
export async function metricIn(registry: Registry, series: string): Promise<number | undefined> {
  const lines = (await registry.metrics()).split("\n");
  const line = lines.find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

/** A service that listens; ended at the end of its scope. */
export interface RunningService<S extends Storage = Storage> extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly lifecycle: Lifecycle;
  readonly storage: S;
  readonly lines: LogLine[];
  /** Resolves with the first log line that has this message, as soon as there is one. */
  logged(msg: string): Promise<LogLine>;
  /** Sends a request. Rejects if the response is not as the API document says. */
  request(path: string, sent?: Sent): Promise<Response>;
  /** What {@link metricIn} finds in its metrics. */
  metric(series: string): Promise<number | undefined>;
  /** Reads the keys of issuers where that is due, as the service does every few seconds. */
  refreshKeys(): Promise<void>;
  /** Runs a statement on its database. */
  query: TemporaryStorage<S>["query"];
}

interface HarnessOptions<S extends Storage> {
  /** Of the service. Its routes have the same schemas in all tests. */
  readonly name: string;
  /** The service's database, which is deleted when the service ends. */
  readonly database: Promise<TemporaryStorage<S>>;
  readonly limits?: Partial<ServiceParts["limits"]>;
  /** Default: none. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Default: none. */
  readonly publicUrl?: string | undefined;
  /** Default: no trace is recorded. */
  readonly tracer?: Tracer | undefined;
  /** The variables of authentication, which `testIssuer()` makes. Default: none, so that it is off. */
  readonly auth?: Environment | undefined;
  /** Another service with tokens of its own. Default: none. */
  readonly callingService?: CallingService | undefined;
  build(parts: ServiceParts, storage: S): AnyElysia;
}

/** The API documents by all that they depend on: to make one takes most of the time of a start. */
const documents = new Map<string, Promise<OpenApiDocument>>();

function documentOf(
  app: AnyElysia,
  { name, publicUrl, realm }: { name: string; publicUrl: string; realm: string | undefined },
): Promise<OpenApiDocument> {
  const routes = app.routes.map(({ method, path }) => `${method} ${path}`);
  const key = JSON.stringify([name, publicUrl, realm, routes]);
  const info = { title: name, description: name, version: "test", publicUrl, realm };
  const document = documents.get(key) ?? openApiDocument(app, info);
  documents.set(key, document);
  return document;
}

/** Starts a service on a free port. */
export async function startService<S extends Storage>({
  name,
  database: opening,
  limits,
  corsOrigins = [],
  publicUrl = "",
  tracer,
  auth: environment = {},
  callingService,
  build,
}: HarnessOptions<S>): Promise<RunningService<S>> {
  const database = await opening;
  const { storage } = database;
  const log = logLines();
  const { parts } = createParts({
    name,
    config: {
      logLevel: "debug",
      maxBodyBytes: 1_048_576,
      maxInFlight: 1024,
      corsOrigins,
      publicUrl,
      ...limits,
    },
    destination: log,
    build: { version: "test", commit: "test" },
  });
  const { lifecycle, logger, metrics } = parts;
  const { registry } = metrics;
  lifecycle.phase = "ready";
  const config = readConfig(authSettings(name), environment);
  const auth = await createAuth({ name, config, callingService, logger, registry });
  const refreshKeys = async () => {
    const { signal } = new AbortController();
    await Promise.all((auth?.jobs ?? []).map((job) => job.run(signal)));
  };
  await refreshKeys();
  const app = build({ ...parts, storage, tracer, guard: auth?.guard }, storage);
  checkRoutes(app.routes);
  const server = listen({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeoutSeconds: 30,
    fetch: (request) => app.fetch(request),
    logger,
  });
  const url = `http://127.0.0.1:${server.port}`;
  const document = await documentOf(app, { name, publicUrl, realm: realmOf(auth?.guard) });
  const send = validatingFetch((request) => fetch(request), document);

  return {
    url,
    port: server.port ?? 0,
    lifecycle,
    storage,
    lines: log.lines,
    logged: log.logged,
    request(path, { method, headers = {}, json, body } = {}) {
      const isJson = json !== undefined;
      const content = isJson ? JSON.stringify(json) : body;
      return send(
        new Request(url + path, {
          method: method ?? (content === undefined ? "GET" : "POST"),
          headers: { ...(isJson ? { "content-type": "application/json" } : {}), ...headers },
          ...(content === undefined ? {} : { body: content }),
        }),
      );
    },
    metric: (series) => metricIn(registry, series),
    refreshKeys,
    query: database.query,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await database[Symbol.asyncDispose]();
    },
  };
}
