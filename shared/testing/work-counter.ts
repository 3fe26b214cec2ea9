// Counts the SQL statements and log lines of requests. Unlike a time, a count shows a change that
// costs more on any machine, however busy it is.
import { Database } from "bun:sqlite";
import { createParts } from "../src/service/service-app.ts";
import type { SqliteStorage } from "../src/sqlite/sqlite-storage.ts";

interface App {
  fetch(request: Request): Response | Promise<Response>;
}

type Method = (...parameters: unknown[]) => unknown;

// At run time `prepare` is one plain method; its generic type cannot be wrapped, hence the cast.
const methods = Database.prototype as unknown as {
  prepare: (...parameters: unknown[]) => Record<"run" | "get" | "all", Method>;
};

/** Calls `onRun` whenever a statement runs that was prepared after this call. @returns ends that */
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

/**
 * Counts the work of the apps that are made of its `parts`. Open the storage after it: only statements
 * prepared from then on count.
 */
export function workCounter() {
  let logLines = 0;
  let statements = 0;
  const stop = watchStatements(() => (statements += 1));
  return {
    [Symbol.dispose]: stop,
    parts(storage: SqliteStorage) {
      const { parts } = createParts({
        name: "test",
        config: { logLevel: "info", maxBodyBytes: 1_048_576, maxInFlight: 2000 },
        destination: { write: () => void (logLines += 1) },
      });
      parts.lifecycle.phase = "ready";
      return { ...parts, storage };
    },
    /** Sends `count` equal requests in one turn of the event loop, and awaits the responses. */
    async of(app: App, count: number, path: string, init?: RequestInit) {
      const requests = Array.from(
        { length: count },
        () => new Request(`http://service${path}`, init),
      );
      statements = logLines = 0;
      const responses = await Promise.all(requests.map(async (each) => app.fetch(each)));
      await new Promise((resolve) => setImmediate(resolve));
      return {
        /** Every status that occurred, once. */
        statuses: [...new Set(responses.map(({ status }) => status))],
        /** SQL statements that were run, with `BEGIN` and `COMMIT`. */
        statements,
        logLines,
      };
    },
  };
}

/** The method, headers and JSON body of a request. */
export function sending(method: string, json: unknown, headers = {}) {
  const type = { "content-type": "application/json" };
  return { method, headers: { ...type, ...headers }, body: JSON.stringify(json) };
}
