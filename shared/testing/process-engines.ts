// The engines that tests of whole processes run on.
import { onEveryEngine } from "./postgres.ts";
import type { Engine } from "./process-databases.ts";

/** For `describe.each`: the name of an engine, and the parameter of `processTests()`. */
export const processEngines = onEveryEngine<Engine>({
  SQLite: "SQLite",
  PostgreSQL: "PostgreSQL",
});
