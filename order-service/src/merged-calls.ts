// A bound on the calls that are under way, which makes of many questions one call.
import { AsyncLocalStorage } from "node:async_hooks";

/** Asks questions, several in a call where they come faster than calls are answered. */
export interface MergedCalls<Answer> {
  /**
   * @param askedAt when the question came up, in monotonic ms
   * @param ms how long a call may be waited for from now on
   * @returns undefined if none could be made in that time
   */
  ask(question: string, askedAt: number, ms: number): Promise<Answer | undefined>;
}

interface Waiting<Answer> {
  readonly question: string;
  readonly askedAt: number;
  /** Runs something on behalf of who asked. */
  readonly inContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
  settle(answer: Promise<Answer> | undefined): void;
}

interface MergedCallsParts<Answer> {
  /** How many calls may be under way. */
  mostCalls(): number;
  /** How many questions a call may have. */
  mostQuestions(): number;
  /** @param askedAt when the first of them came up; a rejection reaches all */
  call(questions: readonly string[], askedAt: number): Promise<(question: string) => Answer>;
}

/**
 * Makes calls at once while few are under way. What is asked meanwhile waits, and the first call that
 * ends makes room for one with all of it; equal questions are asked once.
 * A call is made on behalf of the first who asked.
 */
export function mergedCalls<Answer>({
  mostCalls,
  mostQuestions,
  call,
}: MergedCallsParts<Answer>): MergedCalls<Answer> {
  const waiting = new Set<Waiting<Answer>>();
  let underWay = 0;

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
    const next = [...waiting.values().take(mostQuestions())];
    const [first] = next;
    if (first === undefined || underWay >= mostCalls()) return;
    const questions = new Set(next.map(({ question }) => question));
    const answers = first.inContext(() => run([...questions], first.askedAt));
    for (const asked of next) {
      waiting.delete(asked);
      asked.settle(answers.then((answerTo) => answerTo(asked.question)));
    }
    callNext();
  }

  return {
    async ask(question, askedAt, ms) {
      if (underWay < mostCalls()) return (await run([question], askedAt))(question);
      const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
      const asked: Waiting<Answer> = {
        question,
        askedAt,
        inContext: AsyncLocalStorage.snapshot(),
        settle(answer) {
          clearTimeout(timer);
          resolve(answer);
        },
      };
      const timer = setTimeout(() => {
        waiting.delete(asked);
        resolve(undefined);
      }, ms);
      waiting.add(asked);
      return promise;
    },
  };
}
