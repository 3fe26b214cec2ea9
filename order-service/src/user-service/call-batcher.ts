// Questions that come together become one call, and so few calls are under way.
import { AsyncLocalStorage } from "node:async_hooks";

/** Asks questions, several in a call where they come together. */
export interface CallBatcher<Answer> {
  /**
   * @param askedAt when the question came up, in monotonic ms
   * @param ms how long a call may be waited for from now on
   * @returns undefined if none could be made in that time
   */
  ask(question: string, askedAt: number, ms: number): Promise<Answer | undefined>;
}

interface Waiting<Answer> {
  readonly question: string;
  readonly enqueuedAt: number;
  /** Runs something on behalf of who asked. */
  readonly runInCallerContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
  settle(answer: Promise<Answer> | undefined): void;
  /** Gives up when its time is over, for it has to wait. */
  limitWait(): void;
}

interface MergedCallsParts<Answer> {
  /** How many calls may be under way. */
  maxCalls(): number;
  /** How many questions a call may have. */
  maxBatchSize(): number;
  /** @param askedAt when the first of them came up; a rejection reaches all */
  call(questions: readonly string[], askedAt: number): Promise<(question: string) => Answer>;
}

/**
 * Makes a call for what one turn of the event loop asks, equal questions as one, and for what comes
 * while as many calls are under way as may be. A call is made on behalf of the first who asked.
 */
export function batchCalls<Answer>({
  maxCalls,
  maxBatchSize,
  call,
}: MergedCallsParts<Answer>): CallBatcher<Answer> {
  const waiting = new Set<Waiting<Answer>>();
  let underWay = 0;
  let isTurnOpen = false;

  async function run(questions: readonly string[], askedAt: number) {
    underWay += 1;
    try {
      return await call(questions, askedAt);
    } finally {
      underWay -= 1;
      callNext();
    }
  }

  function callNext(): void {
    if (underWay >= maxCalls()) return;
    const next = [...waiting.values().take(maxBatchSize())];
    const [first] = next;
    if (first === undefined) return;
    const questions = new Set(next.map(({ question }) => question));
    const answers = first.runInCallerContext(() => run([...questions], first.enqueuedAt));
    for (const asked of next) {
      waiting.delete(asked);
      asked.settle(answers.then((answerTo) => answerTo(asked.question)));
    }
    callNext();
  }

  function endTurn(): void {
    isTurnOpen = false;
    callNext();
    for (const asked of waiting) asked.limitWait();
  }

  return {
    ask(question, enqueuedAt, ms) {
      const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
      let timer: Timer | undefined;
      const asked: Waiting<Answer> = {
        question,
        enqueuedAt,
        runInCallerContext: AsyncLocalStorage.snapshot(),
        settle(answer) {
          clearTimeout(timer);
          resolve(answer);
        },
        limitWait() {
          timer ??= setTimeout(() => {
            waiting.delete(asked);
            resolve(undefined);
          }, ms);
        },
      };
      waiting.add(asked);
      if (!isTurnOpen) setImmediate(endTurn);
      isTurnOpen = true;
      return promise;
    },
  };
}
