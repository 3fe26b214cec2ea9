import { describe, expect, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import { batchCalls } from "../../src/user-service/call-batcher.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Calls that are answered when the test says so, two of them at a time. */
function heldCalls() {
  const calls: { questions: readonly string[]; end(error?: Error): void }[] = [];
  const merged = batchCalls<string>({
    maxCalls: () => 2,
    maxBatchSize: () => 3,
    call(questions) {
      const { promise, resolve, reject } = Promise.withResolvers<(question: string) => string>();
      const end = (error?: Error) =>
        error ? reject(error) : resolve((question) => question.toUpperCase());
      calls.push({ questions, end });
      return promise;
    },
  });
  const ask = (question: string) => merged.ask(question, 0, 60_000);
  /** Asks in turns of the event loop of their own, which takes up all calls. */
  async function askTwoApart(): Promise<Promise<string | undefined>[]> {
    const answers = [ask("a")];
    await nextTurn();
    answers.push(ask("b"));
    await nextTurn();
    return answers;
  }
  /** Ends all calls, also those that are made because of it. */
  async function endAll(): Promise<void> {
    await nextTurn();
    for (let n = 0; n < calls.length; n += 1) {
      calls[n]?.end();
      await nextTurn();
    }
  }
  return {
    calls,
    merged,
    ask,
    askTwoApart,
    endAll,
    asked: () => calls.map(({ questions }) => questions),
  };
}

describe("questions", () => {
  test("are asked in the turn that brings them, whatever is under way", async () => {
    const { askTwoApart, asked, endAll } = heldCalls();
    const answers = await askTwoApart();
    expect(asked()).toEqual([["a"], ["b"]]);
    await endAll();
    expect(await Promise.all(answers)).toEqual(["A", "B"]);
  });

  test("that come in one turn are one call, although more could be made", async () => {
    const { ask, asked, endAll } = heldCalls();
    const answers = Promise.all(["a", "b"].map(ask));
    await nextTurn();
    expect(asked()).toEqual([["a", "b"]]);
    await endAll();
    expect(await answers).toEqual(["A", "B"]);
  });

  test("that are too many for a call share several, in their order, equal ones as one", async () => {
    const { ask, asked, endAll } = heldCalls();
    const answers = Promise.all(["a", "b", "a", "c", "d"].map(ask));
    await nextTurn();
    expect(asked()).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    await endAll();
    expect(await answers).toEqual(["A", "B", "A", "C", "D"]);
  });

  test("that come while no call may be made share the next ones", async () => {
    const { ask, askTwoApart, asked, endAll } = heldCalls();
    const answers = await askTwoApart();
    answers.push(...["c", "d", "c", "e"].map(ask));
    await endAll();
    expect(asked()).toEqual([["a"], ["b"], ["c", "d"], ["e"]]);
    expect(await Promise.all(answers)).toEqual(["A", "B", "C", "D", "C", "E"]);
  });

  test("that waited too long are given up, and hold nobody up", async () => {
    const { ask, askTwoApart, asked, endAll, merged } = heldCalls();
    const answers = await askTwoApart();
    expect(await merged.ask("c", 0, 1)).toBeUndefined();
    const last = ask("d");
    await endAll();
    expect(asked()).toEqual([["a"], ["b"], ["d"]]);
    expect(await Promise.all([...answers, last])).toEqual(["A", "B", "D"]);
  });

  test("fail with their call, and with no other", async () => {
    const { ask, askTwoApart, calls, endAll } = heldCalls();
    const outcomes = Promise.allSettled(await askTwoApart());
    const late = Promise.allSettled(["c", "d"].map(ask));
    calls[0]?.end(new Error("failed"));
    await nextTurn();
    calls[2]?.end(new Error("failed too"));
    await endAll();
    const statuses = [...(await outcomes), ...(await late)].map(({ status }) => status);
    expect(statuses).toEqual(["rejected", "fulfilled", "rejected", "rejected"]);
  });
});

test("a call is made on behalf of the first who asks in it", async () => {
  const context = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const merged = batchCalls<string>({
    maxCalls: () => 1,
    maxBatchSize: () => 2,
    async call() {
      seen.push(context.getStore());
      return (question) => question;
    },
  });
  await Promise.all(
    ["first", "second", "third"].map((who) => context.run(who, () => merged.ask(who, 0, 60_000))),
  );
  expect(seen).toEqual(["first", "third"]);
});
