// Changing a thing only while it is as the caller last saw it.

/** What tells a thing's states apart: a time that never repeats or goes back for it. */
export interface Versioned {
  readonly updated_at: string;
}

/** Whether the present state of a thing is one that the caller is willing to change. */
export type Precondition = (current: Versioned) => boolean;

/** Thrown where a thing is no longer in the state that the caller knew. */
export class PreconditionFailed extends Error {
  override readonly name = "PreconditionFailed";
}
