// Rights that the role had at the start, and lacks now.
import { oncePerMinute } from "../core/once-per-minute.ts";
import { operatorReason } from "./operator-reason.ts";
import { tablesWithoutRights } from "./row-rights.ts";
import type { Sessions } from "./sessions.ts";

/** Remembers that statements failed for a missing right, until the role has all rights again. */
export class MissingRights {
  readonly #told: ((reason: string) => void) | undefined;
  readonly #mayTell = oncePerMinute();
  #isSuspected = false;

  /** @param told called once a minute while statements fail for a right, with its name and the remedy */
  constructor(told: ((reason: string) => void) | undefined) {
    this.#told = told;
  }

  /** A statement has failed for a right. */
  missed(error: unknown): void {
    this.#isSuspected = true;
    if (this.#mayTell()) this.#told?.(operatorReason(error));
  }

  /**
   * Whether the role lacks a right. Only after a statement has failed for one, this takes a statement.
   *
   * @throws as `runFirst` does
   */
  async areMissing(sessions: Pick<Sessions, "runFirst">, maxMs: number): Promise<boolean> {
    if (!this.#isSuspected) return false;
    const tables = await sessions.runFirst(tablesWithoutRights, maxMs);
    this.#isSuspected = tables.length > 0;
    return this.#isSuspected;
  }
}
