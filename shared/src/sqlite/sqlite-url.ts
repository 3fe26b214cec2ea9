// The URL of a database: `sqlite:` and a path.
import { basename } from "node:path";

/**
 * The path in a URL such as `sqlite:data/x.db` or `sqlite:/data/x.db`; undefined for every other text.
 * Nothing decodes the path, so percent signs are refused. So are paths that were probably meant
 * otherwise: with quotes or white space around them, with `~`, or with two slashes at the start.
 */
export function parseSqliteUrl(url: string): string | undefined {
  const path = /^sqlite:(?!\/\/|~|file:|["'])([^?#%\p{Cc}]*[^?#%\p{Cc}/])$/iu.exec(url)?.[1];
  if (path === undefined || path !== path.trim()) return undefined;
  return [".", "..", ":memory:"].includes(basename(path)) ? undefined : path;
}

/**
 * The remedy for a URL in another spelling. `sqlite:///x.db` and `sqlite:////x.db` mean a relative and
 * an absolute path to SQLAlchemy, and two absolute ones to other programs.
 */
export function sqliteUrlRemedy(url: string): string | undefined {
  if (/^sqlite3?(?:\+\w+)?:\/\//i.test(url)) {
    return "write sqlite:NAME for a path from the working directory, or sqlite:/NAME for an absolute path";
  }
  return /^sqlite:~/i.test(url) ? "write the path of the home directory for ~" : undefined;
}
