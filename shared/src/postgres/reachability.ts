// Whether a server is there, told when that changes.
import { commitsWaitOf, isPermanent } from "./errors.ts";
import { operatorReason } from "./operator-reason.ts";
import type { Sessions } from "./sessions.ts";

/** Called when a server was lost or came back. @param reason why it cannot be used; empty if it can */
export type ReachabilityChanged = (isReachable: boolean, reason: string) => void;

/** Remembers whether a server was reached last, and tells each change once. */
export class Reachability {
  readonly #sessions: Pick<Sessions, "refusesWrites">;
  readonly #changed: ReachabilityChanged | undefined;
  #isReachable = true;
  #lostReason = "";

  constructor(sessions: Pick<Sessions, "refusesWrites">, changed: ReachabilityChanged | undefined) {
    this.#sessions = sessions;
    this.#changed = changed;
  }

  /** A statement has succeeded. */
  reached(): void {
    // Reads succeed also while writes are refused.
    if (this.#isReachable || this.#sessions.refusesWrites) return;
    this.#isReachable = true;
    this.#changed?.(true, "");
  }

  /** The server was not reached, or cannot be used. */
  lost(error: unknown): void {
    const reason = operatorReason(error);
    // A server that was restarted with another password first ends the sessions, and one whose
    // commits wait first gives no response: of the two reasons, the operator needs the second.
    const isTelling = isPermanent(error) || commitsWaitOf(error) !== undefined;
    const isNews = this.#isReachable || (isTelling && reason !== this.#lostReason);
    if (!isNews) return;
    this.#isReachable = false;
    this.#lostReason = reason;
    this.#changed?.(false, reason);
  }
}
