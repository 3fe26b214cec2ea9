// Conditional changes: a change takes place only if the row is in a state that the client accepts.

/** A row. Every change gives it a later `updated_at`, so that this identifies the row's state. */
export interface Versioned {
  readonly updated_at: string;
}

/** Whether the conditions of the client's request, such as `If-Match`, accept the row's state. */
export type Precondition = (current: Versioned) => boolean;

/** The precondition does not accept the row's state, so the row was not changed. */
export class PreconditionFailed extends Error {
  override readonly name = "PreconditionFailed";
}
