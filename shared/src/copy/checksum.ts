// The checksum of a table's rows, which is the same for the same values on every engine.
import { childrenOf, type CopiedTable, type Row } from "./table.ts";

/** What was seen of a table: compare two of the same table with `Bun.deepEquals`. */
export interface TableSummary {
  readonly rows: number;
  readonly children: number;
  /** SHA-256 of the values of all rows in the order of their keys. */
  readonly checksum: string;
}

/** Takes the rows of a table, in the order of their keys, and sums them up. */
export class TableChecksum {
  readonly #table: CopiedTable;
  readonly #columns: readonly string[];
  readonly #hasher = new Bun.CryptoHasher("sha256");
  #rows = 0;
  #children = 0;

  constructor(table: CopiedTable) {
    this.#table = table;
    this.#columns = [
      ...Object.keys(table.columns),
      ...(table.children ? [table.children.column] : []),
    ];
  }

  /** The number of rows so far. */
  get rows(): number {
    return this.#rows;
  }

  add(rows: readonly Row[]): void {
    // JSON tells 1 from "1" and null from "null", and where a value ends.
    const values = rows.map((row) => this.#columns.map((column) => row[column]));
    for (const each of values) this.#hasher.update(JSON.stringify(each));
    this.#rows += rows.length;
    if (this.#table.children === undefined) return;
    for (const row of rows) this.#children += childrenOf(this.#table, row).length;
  }

  /** The summary of all rows. Call it once. */
  summary(): TableSummary {
    return { rows: this.#rows, children: this.#children, checksum: this.#hasher.digest("hex") };
  }
}
