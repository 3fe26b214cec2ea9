// What services do for requests, counted: a change that makes it more is seen on any machine, however
// busy it is.
import { Database } from "bun:sqlite";
import type { Logger } from "../src/telemetry/logger.ts";
import { createParts, type ServiceParts } from "../src/service/service-app.ts";
import type { SqliteStorage } from "../src/sqlite/sqlite-storage.ts";

interface App {
  fetch(request: Request): Response | Promise<Response>;
}

/** What was done for some requests. */
export interface Work {
  /** All different ones. */
  readonly statuses: number[];
  /** SQL statements, with those around transactions. */
  readonly statements: number;
  readonly logLines: number;
}

/** Counts the work of apps that are made of its parts. */
export interface WorkCounter extends Disposable {
  readonly logger: Logger;
  parts(storage: SqliteStorage): ServiceParts;
  /** Sends so many requests at once, and waits until all is done. */
  of(app: App, count: number, path: string, init?: RequestInit): Promise<Work>;
}

type Method = (...parameters: unknown[]) => unknown;

// What a generic method is at run time, and cannot be wrapped as otherwise.
const methods = Database.prototype as unknown as {
  prepare: (...parameters: unknown[]) => Record<"run" | "get" | "all", Method>;
};

/** Has `onRun` called whenever a statement runs that is prepared from now on, until it is ended. */
function watchStatements(onRun: () => void): () => void {
  const { prepare } = methods;
  methods.prepare = function (...parameters) {
    const statement = Reflect.apply(prepare, this, parameters);
    for (const name of ["run", "get", "all"] as const) {
      const method = statement[name].bind(statement);
      statement[name] = (...values) => {
        onRun();
        return method(...values);
      };
    }
    return statement;
  };
  return () => void (methods.prepare = prepare);
}

/** Makes the counter, before the databases that it is to look at are opened. */
export function workCounter(): WorkCounter {
  let logLines = 0;
  let statements = 0;
  const stop = watchStatements(() => (statements += 1));
  const newParts = () => {
    const { parts } = createParts({
      name: "test",
      config: { logLevel: "info", maxBodyBytes: 1_048_576, maxInFlight: 2000 },
      destination: { write: () => void (logLines += 1) },
    });
    parts.lifecycle.phase = "ready";
    return parts;
  };
  return {
    [Symbol.dispose]: stop,
    logger: newParts().logger,
    parts: (storage) => ({ ...newParts(), storage }),
    async of(app, count, path, init) {
      const requests = Array.from(
        { length: count },
        () => new Request(`http://service${path}`, init),
      );
      statements = logLines = 0;
      const answers = await Promise.all(requests.map(async (each) => app.fetch(each)));
      await new Promise((resolve) => setImmediate(resolve));
      return {
        statuses: [...new Set(answers.map(({ status }) => status))],
        statements,
        logLines,
      };
    },
  };
}

/** A request's method, header and body. */
export function sending(method: string, json: unknown): RequestInit {
  const headers = { "content-type": "application/json" };
  return { method, headers, body: JSON.stringify(json) };
}
