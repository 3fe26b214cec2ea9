// Whether a server is there, told when that changes.
import { commitsWaitOf, isDiskError, isPermanent, isReadOnly } from "./errors.ts";
import { operatorReason } from "./operator-reason.ts";
import type { Sessions } from "./sessions.ts";

/** Called when a server was lost or came back. @param reason why it cannot be used; empty if it can */
export type ReachabilityChanged = (isReachable: boolean, reason: string) => void;

/** What has succeeded: a statement that reads, a check that the server takes writes, one that writes. */
export type Success = "read" | "check" | "write";

/** The successes after which a server that was lost with this error counts as reached. */
function successesAfter(error: unknown): readonly Success[] {
  // Reads go on succeeding: each of them would be told as the end of what the next write runs into.
  if (isReadOnly(error)) return ["check", "write"];
  if (isDiskError(error)) return ["write"];
  return ["read", "check", "write"];
}

/** Remembers whether a server was reached last, and tells each change once. */
export class Reachability {
  readonly #sessions: Pick<Sessions, "refusesWrites">;
  readonly #changed: ReachabilityChanged | undefined;
  /** The reasons told since the server was lost. Two may hold at the same time. */
  readonly #told = new Set<string>();
  #isReachable = true;
  #sufficient: readonly Success[] = [];

  constructor(sessions: Pick<Sessions, "refusesWrites">, changed: ReachabilityChanged | undefined) {
    this.#sessions = sessions;
    this.#changed = changed;
  }

  /** A statement has succeeded. */
  reached(by: Success): void {
    if (this.#isReachable) return;
    // Reads succeed also while writes are refused.
    if (this.#sessions.refusesWrites || !this.#sufficient.includes(by)) return;
    this.#isReachable = true;
    this.#told.clear();
    this.#changed?.(true, "");
  }

  /** The server was not reached, or cannot be used. */
  lost(error: unknown): void {
    const reason = operatorReason(error);
    // A server that was restarted with another password first ends the sessions, one that was demoted
    // comes back read-only, and one whose commits wait first gives no response: of the two reasons, the
    // operator needs the second.
    const isTelling = isPermanent(error) || isReadOnly(error) || commitsWaitOf(error) !== undefined;
    const isNews = this.#isReachable || (isTelling && !this.#told.has(reason));
    if (!isNews) return;
    this.#isReachable = false;
    this.#told.add(reason);
    this.#sufficient = successesAfter(error);
    this.#changed?.(false, reason);
  }
}
