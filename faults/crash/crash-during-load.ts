// The crash of a service under load.
import type { Running } from "../../shared/testing/executable.ts";
import { fetchClient, type Send } from "../support/clients.ts";

/** Rejects the requests to which the crashed process sent no response. */
class Crashed extends Error {
  override readonly name = "Crashed";
}

/** A caller; it may run until its requests reject because of the crash. */
export type Caller = (send: Send) => Promise<void>;

/** Kills a process after so many responses, and waits until every caller has ended. */
export async function crashDuringLoad(
  running: Running,
  { responses, callers }: { responses: number; callers: readonly Caller[] },
): Promise<void> {
  const sendUnwatched = fetchClient(running.url);
  let left = responses;
  let isKilled = false;
  const kill = () => {
    isKilled = true;
    running.kill("SIGKILL");
  };
  const send: Send = async (...request) => {
    try {
      const response = await sendUnwatched(...request);
      left -= 1;
      // Responses arrive in groups, right after a commit. The delay lets the crash hit any moment.
      if (left === 0) setTimeout(kill, Math.random() * 8);
      return response;
    } catch (error) {
      if (!isKilled) throw error;
      throw new Crashed();
    }
  };
  await Promise.all(
    callers.map((call) =>
      call(send).catch((error: unknown) => {
        if (!(error instanceof Crashed)) throw error;
      }),
    ),
  );
  await running.exited;
}
