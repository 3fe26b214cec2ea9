// Why a copy fails.

/** A copy from one storage engine to the other failed. One line for the operator: never for clients. */
export class CopyError extends Error {
  override readonly name: string = "CopyError";
}

/** The destination may have the copy: its server was lost, or the copy was ended, during the commit. */
export class CommitUnknown extends CopyError {
  override readonly name = "CommitUnknown";
}

/** UTF-16 code units of a key that an error text repeats. */
const maxKeyLength = 100;

/** A row cannot be copied as it is. */
export class RowRefused extends Error {
  override readonly name = "RowRefused";

  /** @param why after the row as the subject, such as `has no e-mail`. It never quotes a value */
  constructor(table: string, key: string, why: string) {
    const row = `the row ${JSON.stringify(key.slice(0, maxKeyLength))} of ${table}`;
    super(`${row} ${why}; correct or delete it at the source, then run this again`);
  }
}
