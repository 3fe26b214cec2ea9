// What a test run has to stop when it ends. `bun test` loads this file before all test files
// (bunfig.toml), so that its hook runs behind the last of them: a process that tests gets no event at
// its end.
import { afterAll } from "bun:test";

const actions: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const action of actions) await action();
});

/**
 * Runs `action` after the last test file; under `bun test --parallel`, after each, and the next file may
 * need what it stopped again. A run that is killed does not call it.
 */
export function atEndOfRun(action: () => Promise<void>): void {
  actions.push(action);
}
