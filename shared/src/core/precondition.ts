// Conditional changes: a change takes place only if the row is in a state that the client accepts.

/** A row. Every change gives it a later `updated_at`, so that this identifies the row's state. */
export interface Versioned {
  readonly updated_at: string;
}

/**
 * Why a request's conditions do not accept the state of a row. `changed`: the row has changed since the
 * client saw it. `weak-tag`: no strong tag of the client matches, and weak tags never match.
 * `excluded`: the client accepts any state but the present one.
 */
export type UnmetReason = "changed" | "weak-tag" | "excluded";

/** The precondition does not accept the row's state, so the row was not changed. */
export class PreconditionFailed extends Error {
  override readonly name = "PreconditionFailed";

  constructor(readonly reason: UnmetReason) {
    super(reason);
  }
}

/** The conditions of the client's request, such as `If-Match`: undefined if they accept the row's state. */
export type Precondition = (current: Versioned) => PreconditionFailed | undefined;
