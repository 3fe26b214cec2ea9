// Versions as https://semver.org orders them, and what each release may be called.
import { semver } from "bun";

/** Without build metadata, which image tags cannot hold. */
const semanticVersion =
  /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?$/;

/** Whether the text is a version such as `1.2.0` or `1.2.0-rc.1`, without `v`. */
export const isVersion = (text: string): boolean => semanticVersion.test(text);

/** Whether the first version comes after the second; `1.2.0-rc.1` comes before `1.2.0`. */
export const isNewer = (version: string, other: string): boolean =>
  semver.order(version, other) === 1;

/** A version with a hyphen, such as `1.2.0-rc.1`, gets no tag that moves: a user names it to get it. */
export const isPrerelease = (version: string): boolean => version.includes("-");

function parts(version: string): { major: number; minor: number } {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return { major, minor };
}

/** Whether a version says that clients of an older one may break: by its major, in 0.x by its minor. */
export function mayBreak(version: string, older: string): boolean {
  const [next, before] = [parts(version), parts(older)];
  if (next.major !== before.major) return next.major > before.major;
  return next.major === 0 && next.minor > before.minor;
}

/** The first version after this one that may break clients. */
export function nextBreaking(version: string): string {
  const { major, minor } = parts(version);
  return major === 0 ? `0.${minor + 1}.0` : `${major + 1}.0.0`;
}

/**
 * The tags of an image: the version itself, and `1.2` and `latest` where no newer release has them.
 *
 * @param others every version that was released, in any order
 */
export function imageTags(version: string, others: readonly string[]): readonly string[] {
  if (isPrerelease(version)) return [version];
  const minor = version.replace(/\.\d+$/, "");
  const newer = others.filter((other) => !isPrerelease(other) && isNewer(other, version));
  const isNewestOfMinor = !newer.some((other) => other.startsWith(`${minor}.`));
  return [version, ...(isNewestOfMinor ? [minor] : []), ...(newer.length === 0 ? ["latest"] : [])];
}
