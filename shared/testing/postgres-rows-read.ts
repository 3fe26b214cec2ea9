// How much PostgreSQL reads for a store's statements, by the plans that its planner decides on.
import type { PostgresStorage, Statement } from "../src/postgres/postgres-storage.ts";

/** A step of a plan, as EXPLAIN returns it. */
interface Step {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly Step[];
}

/** What a statement did. */
export interface StatementWork {
  /** How many rows of tables, or entries of indexes, it read. */
  readonly rowsRead: number;
  /** The tables that it read from one end to the other. */
  readonly scanned: readonly string[];
  readonly plan: Step;
}

const stepsOf = (step: Step): Step[] => [step, ...(step.Plans ?? []).flatMap(stepsOf)];

function workOf(plan: Step): StatementWork {
  const scans = stepsOf(plan).filter((step) => step["Node Type"].endsWith("Scan"));
  const ofTables = scans.filter((step) => step["Relation Name"] !== undefined);
  const rows = ofTables.map((step) => {
    const removed = step["Rows Removed by Filter"] ?? 0;
    const rechecked = step["Rows Removed by Index Recheck"] ?? 0;
    return (step["Actual Rows"] + removed + rechecked) * step["Actual Loops"];
  });
  return {
    rowsRead: rows.reduce((sum, count) => sum + count, 0),
    scanned: ofTables
      .filter((step) => step["Node Type"].endsWith("Seq Scan"))
      .map((step) => step["Relation Name"] ?? ""),
    plan,
  };
}

/**
 * A storage that runs each statement a second time, explained. So a statement that writes must do
 * nothing when it is repeated. Plans depend on what the tables have: fill them and run ANALYZE before.
 *
 * @returns the storage, and what each statement that ran on it did
 */
export function explainStatements(storage: PostgresStorage) {
  const statements: StatementWork[] = [];
  async function explain<Row>(statement: Statement<Row>): Promise<void> {
    const [row] = await storage.write(
      (sql) => sql<[{ "QUERY PLAN": [{ Plan: Step }] }]>`
        EXPLAIN (ANALYZE, TIMING FALSE, FORMAT JSON) ${statement(sql)}`,
    );
    if (row === undefined) throw new Error("EXPLAIN returned no plan");
    statements.push(workOf(row["QUERY PLAN"][0].Plan));
  }
  const explained: PostgresStorage = {
    ...storage,
    async read(statement) {
      const rows = await storage.read(statement);
      await explain(statement);
      return rows;
    },
    async write(statement, writes) {
      const rows = await storage.write(statement, writes);
      await explain(statement);
      return rows;
    },
  };
  return { storage: explained, statements };
}

/** A storage that counts the statements which run on it. */
export function countStatements(storage: PostgresStorage) {
  const counts = { statements: 0 };
  const counted: PostgresStorage = {
    ...storage,
    read(statement) {
      counts.statements += 1;
      return storage.read(statement);
    },
    write(statement, writes) {
      counts.statements += 1;
      return storage.write(statement, writes);
    },
  };
  return { storage: counted, counts };
}

/** How many rows of tables and entries of their indexes all sessions have read that have ended. */
export async function rowsReadFrom(
  { read }: Pick<PostgresStorage, "read">,
  tables: readonly string[],
): Promise<number> {
  const [sum] = await read(
    (sql) => sql<[{ rows: number }]>`
      SELECT (
        (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))
        FROM pg_stat_user_tables
        WHERE relname = ANY(${[...tables]}::text[]))
        + (SELECT sum(idx_tup_read)
        FROM pg_stat_user_indexes
        WHERE relname = ANY(${[...tables]}::text[]))
      )::float8 AS rows`,
  );
  return sum?.rows ?? Number.NaN;
}
