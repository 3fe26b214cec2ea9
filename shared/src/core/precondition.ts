// Conditional changes: only if the row is still in the state that the client has seen.

/** A row whose every change gives it a later `updated_at`, which so identifies its state. */
export interface Versioned {
  readonly updated_at: string;
}

/** Whether the client accepts a change of the row in this state. */
export type Precondition = (current: Versioned) => boolean;

/** The row is no longer in a state that the client accepts to change; nothing was changed. */
export class PreconditionFailed extends Error {
  override readonly name = "PreconditionFailed";
}
