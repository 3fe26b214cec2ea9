// A git repository of a test's own.
import { appendFile, cp } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

/** What the repository adds to its configuration. Without maintenance, a commit starts no further process. */
const configuration = `
[user]
	name = test
	email = test@example.com
[maintenance]
	auto = false
`;

/**
 * A repository on the branch main, in a folder that is deleted with it.
 *
 * @param original the folder of a repository of which it is a copy. Default: it has no commit
 */
export async function gitRepository(original?: string) {
  const folder = temporaryFolder();
  const cwd = folder.path;
  const git = (...args: readonly string[]) => $`git ${args}`.cwd(cwd).quiet().text();
  if (original === undefined) {
    await git("init", "--quiet", "--initial-branch", "main");
    await appendFile(join(cwd, ".git/config"), configuration);
  } else {
    await cp(original, cwd, { recursive: true });
  }
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
