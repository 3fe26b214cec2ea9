// What a service says about a table whose rows are copied from one storage engine to another.

/** The kinds of values. Both engines store them, each in its own way. */
type ColumnKind = "uuid" | "text" | "integer" | "bytes";

/** The kind of a column's values; with a question mark, it may be NULL. */
export type ColumnType = ColumnKind | `${ColumnKind}?`;

/** The types of columns by their names. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** A table. Both engines have it under the same name. */
export interface CopiedTable {
  readonly name: string;
  /** The column of its primary key, by which the rows of both engines are compared in order. */
  readonly key: string;
  /** By their names on PostgreSQL. */
  readonly columns: Columns;
  /** The names on SQLite of columns that have another one there. */
  readonly sqliteNames?: Readonly<Record<string, string>>;
  /** What SQLite has in a second table. Default: nothing. */
  readonly children?: ChildTable;
  /** Whether the migrations put rows into it, which the copy replaces. Default: false. */
  readonly isReplaced?: boolean;
}

/** Child rows, in an order: rows of a second table on SQLite, an array in a column on PostgreSQL. */
export interface ChildTable {
  /** The table on SQLite. */
  readonly name: string;
  /** Its column with the key of the row that a child row belongs to. */
  readonly parent: string;
  /** Its column with the place of a child row among those of the same row, from 0. */
  readonly position: string;
  /** The other columns, which are the members of the objects on PostgreSQL. */
  readonly columns: Columns;
  /** The `jsonb` column on PostgreSQL. */
  readonly column: string;
  /** The column on PostgreSQL with the number of child rows. */
  readonly countColumn: string;
}

/** A child row: the values of its columns, in their order. */
export type ChildRow = readonly Scalar[];

/** A value whatever the engine: bytes are hexadecimal digits in lower case. */
export type Scalar = string | number | null;

/** A row by the names of its columns, and its child rows under the name of their column. */
export type Row = Readonly<Record<string, Scalar | readonly ChildRow[]>>;

/** The kind of a column, and whether it may be NULL. */
export function kindOf(type: ColumnType): { kind: ColumnKind; isNullable: boolean } {
  const isNullable = type.endsWith("?");
  // The compiler does not follow the text: what is left of a type without its question mark is a kind.
  return { kind: (isNullable ? type.slice(0, -1) : type) as ColumnKind, isNullable };
}

/** The key of a row, for error texts. */
export function keyOf({ key }: CopiedTable, row: Row): string {
  return String(row[key]);
}

/** The child rows of a row; none if its table has no second one. */
export function childrenOf({ children }: CopiedTable, row: Row): readonly ChildRow[] {
  const found = children === undefined ? [] : row[children.column];
  return Array.isArray(found) ? (found as readonly ChildRow[]) : [];
}
