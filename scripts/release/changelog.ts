// CHANGELOG.md, in the format of https://keepachangelog.com.
import { isPrerelease } from "./version.ts";

const unreleasedHeading = "## [Unreleased]";
const unreleased = new RegExp(`^${RegExp.escape(unreleasedHeading)}$`, "m");

/** What a section says, from its heading to the next one; undefined if there is no such heading. */
function below(changelog: string, heading: RegExp): string | undefined {
  const start = changelog.search(heading);
  if (start === -1) return undefined;
  const [, ...lines] = changelog.slice(start).split("\n");
  const end = lines.findIndex((line) => line.startsWith("## "));
  return lines
    .slice(0, end === -1 ? undefined : end)
    .join("\n")
    .trim();
}

/** The changes since the last release; undefined if the heading is missing. */
export const unreleasedChanges = (changelog: string): string | undefined =>
  below(changelog, unreleased);

/** The changes of a version; undefined if there is no such section. A pre-release has no section. */
export const changesOf = (changelog: string, version: string): string | undefined =>
  below(
    changelog,
    isPrerelease(version) ? unreleased : new RegExp(`^## \\[${RegExp.escape(version)}\\]`, "m"),
  );

/** Whether a section lists nothing: headings alone say nothing to a reader. */
export const isEmpty = (section: string): boolean => section.replace(/^#.*$/gm, "").trim() === "";

/** Whether a section has a line that says `**breaking**`. */
export const saysBreaking = (section: string): boolean => /\*\*breaking\b.*?\*\*/i.test(section);

/** The changelog with the unreleased changes as those of a version. @throws Error if the heading is missing */
export function withRelease(changelog: string, version: string, date: string): string {
  if (!unreleased.test(changelog))
    throw new Error(`CHANGELOG.md has no line "${unreleasedHeading}"`);
  return changelog.replace(unreleased, `$&\n\n## [${version}] - ${date}`);
}
