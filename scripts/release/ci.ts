// Whether CI/CD has passed for a commit: nothing is released that main has not tested.
import type { WorkflowRun } from "./github.ts";
import { ReleaseError } from "./repository.ts";

/** How often GitHub is asked for a run that has not begun: five minutes, at three times a minute. */
const maxAbsences = 15;

/**
 * Waits until CI/CD has passed. The tag and main are pushed at once, so the run may just have begun.
 *
 * @param find the newest run for the commit, if there is one
 * @param pause waits between two questions
 * @throws ReleaseError if the run failed, was cancelled, or never began
 */
export async function waitForCi(
  find: () => Promise<WorkflowRun | undefined>,
  pause: () => Promise<void>,
): Promise<void> {
  let absences = 0;
  for (;;) {
    const run = await find();
    if (run?.status === "completed") {
      if (run.conclusion === "success") return;
      throw new ReleaseError(
        `CI/CD did not pass for this commit (${run.conclusion}): ${run.html_url}\n` +
          "Run it again if the cause was outside, and then this workflow. " +
          "Else mend it on main, and release the next version",
      );
    }
    if (run === undefined) absences += 1;
    if (absences >= maxAbsences) {
      throw new ReleaseError(
        "CI/CD has not run for this commit on main. " +
          "Push the commit to main, and then run this workflow again",
      );
    }
    await pause();
  }
}
