// A git repository of a test's own.
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

/** A repository without a commit, on the branch main, in a folder that is deleted with it. */
export async function gitRepository() {
  const folder = temporaryFolder();
  const cwd = folder.path;
  const git = (...args: readonly string[]) => $`git ${args}`.cwd(cwd).quiet().text();
  await git("init", "--quiet", "--initial-branch", "main");
  await git("config", "user.name", "test");
  await git("config", "user.email", "test@example.com");
  return {
    ...folder,
    read: (path: string) => Bun.file(join(cwd, path)).text(),
    write: (path: string, content: string | Blob) => Bun.write(join(cwd, path), content),
    /** What git prints. @throws ShellError if git fails, as `git grep` does if it finds nothing */
    git,
    /** Commits everything, which may be nothing new. */
    async commit(message = "test") {
      await git("add", ".");
      await git("commit", "--quiet", "--allow-empty", "--message", message);
    },
  };
}
