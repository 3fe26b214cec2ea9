// The end of a process in the midst of its work.
import type { Running } from "../../shared/testing/executable.ts";
import { fetchClient, type Send } from "../support/clients.ts";

/** Thrown to callers whose request was not answered since the process is dead. */
class Killed extends Error {
  override readonly name = "Killed";
}

/** What is being done while the process ends; it may go on until it is told of that. */
export type Work = (send: Send) => Promise<void>;

/** Kills a process after so many answers, and waits until everybody knows. */
export async function killAmid(
  running: Running,
  { answers, work }: { answers: number; work: readonly Work[] },
): Promise<void> {
  const ask = fetchClient(running.url);
  let left = answers;
  let isKilled = false;
  const kill = () => {
    isKilled = true;
    running.kill("SIGKILL");
  };
  const send: Send = async (...request) => {
    try {
      const reply = await ask(...request);
      left -= 1;
      // Answers come together, right after a commit: the moment has to be any other one too.
      if (left === 0) setTimeout(kill, Math.random() * 8);
      return reply;
    } catch (error) {
      if (!isKilled) throw error;
      throw new Killed();
    }
  };
  await Promise.all(
    work.map((act) =>
      act(send).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      }),
    ),
  );
  await running.exited;
}
