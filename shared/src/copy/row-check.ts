// Refuses values that one of the engines cannot store, or that the other would store as another value.
import { RowRefused } from "./copy-error.ts";
import {
  childrenOf,
  keyOf,
  kindOf,
  type ChildRow,
  type ColumnType,
  type Columns,
  type CopiedTable,
  type Row,
  type Scalar,
} from "./table.ts";

const uuidInLowerCase = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What is wrong with a value, after "that"; undefined if both engines can store it. */
function defectOf(
  type: ColumnType,
  value: Scalar | readonly ChildRow[] | undefined,
): string | undefined {
  const { kind, isNullable } = kindOf(type);
  if (value === null || value === undefined) return isNullable ? undefined : "is NULL";
  if (kind === "integer") {
    // The services compute with doubles.
    return Number.isSafeInteger(value) ? undefined : "is no whole number below 2^53";
  }
  if (typeof value !== "string") return `is no ${kind}`;
  if (kind === "uuid") {
    return uuidInLowerCase.test(value) ? undefined : "is no UUID in lower case";
  }
  if (value.includes("\0")) return "has the character U+0000, which PostgreSQL cannot store";
  return value.isWellFormed() ? undefined : "is not valid Unicode";
}

/** @throws {RowRefused} with the first value that cannot be copied */
export function checkRow(table: CopiedTable, row: Row): void {
  for (const [column, type] of Object.entries(table.columns)) {
    const why = defectOf(type, row[column]);
    if (why !== undefined) refuse(table, row, `${column} that ${why}`);
  }
  if (table.children === undefined) return;
  const { column, columns } = table.children;
  for (const child of childrenOf(table, row)) {
    for (const [index, [name, type]] of Object.entries(columns).entries()) {
      const why = defectOf(type, child[index]);
      if (why !== undefined) refuse(table, row, `${name} in its ${column} that ${why}`);
    }
  }
}

function refuse(table: CopiedTable, row: Row, what: string): never {
  throw new RowRefused(table.name, keyOf(table, row), `has a ${what}`);
}

/**
 * The child rows in a value of PostgreSQL's `jsonb` column, which accepts anything.
 *
 * @throws {RowRefused} unless they are objects with the members that `columns` names, and no others
 */
export function childrenIn(
  table: CopiedTable,
  key: string,
  value: unknown,
  { column, columns }: { readonly column: string; readonly columns: Columns },
): readonly ChildRow[] {
  const names = Object.keys(columns);
  const malformed = new RowRefused(table.name, key, `has ${column} of another form`);
  if (!Array.isArray(value)) throw malformed;
  return value.map((child: unknown) => {
    if (typeof child !== "object" || child === null) throw malformed;
    const members = new Map<string, unknown>(Object.entries(child));
    if (members.size !== names.length) throw malformed;
    return names.map((name) => {
      const member = members.get(name);
      if (typeof member !== "string" && typeof member !== "number") throw malformed;
      return member;
    });
  });
}
