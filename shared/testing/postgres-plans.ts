// Whether PostgreSQL finds the rows of a store's statements by an index.
import type { PostgresStorage } from "../src/postgres/postgres-storage.ts";

/** A statement that a session has prepared, and its plan for any parameters. */
interface StatementPlan {
  readonly statement: string;
  /** What EXPLAIN prints, a line each, without the indentation. */
  readonly plan: readonly string[];
}

/**
 * The plans of all statements that ran on a storage with one session. Plans depend on what the tables
 * have: fill them and run ANALYZE before.
 */
export async function preparedPlans({
  read,
}: Pick<PostgresStorage, "read">): Promise<StatementPlan[]> {
  const statements = await read(
    (sql) => sql<{ name: string; statement: string; parameters: number }[]>`
      SELECT name, statement, cardinality(parameter_types) AS parameters
      FROM pg_prepared_statements
      WHERE statement NOT LIKE '%pg\\_%'`,
  );
  await read((sql) => sql.unsafe("SET plan_cache_mode = force_generic_plan"));
  const plans: StatementPlan[] = [];
  for (const { name, statement, parameters } of statements) {
    const values = parameters > 0 ? `(${Array(parameters).fill("NULL").join()})` : "";
    const lines = await read((sql) =>
      sql.unsafe<{ "QUERY PLAN": string }[]>(`EXPLAIN (COSTS OFF) EXECUTE "${name}" ${values}`),
    );
    const plan = lines.map((line) => line["QUERY PLAN"].trim().replace(/^->\s+/, ""));
    plans.push({ statement, plan });
  }
  return plans;
}

/** The steps of a plan that read a table: each index with its condition, or a whole table or index. */
export function tableReads(plan: readonly string[]): string[] {
  return plan.flatMap((line, index) => {
    const table = /^(?:Parallel )?Seq Scan on (\w+)/.exec(line)?.[1];
    if (table !== undefined) return [`all of ${table}`];
    const name = /^Index (?:Only )?Scan (?:Backward )?using (\w+)/.exec(line)?.[1];
    if (name === undefined) return [];
    const condition = /^Index Cond: (.*)$/.exec(plan[index + 1] ?? "")?.[1];
    return [condition === undefined ? `all of ${name}` : `${name} by ${condition}`];
  });
}
