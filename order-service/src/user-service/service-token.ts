// order-service's own token for user-service, in a file that another program renews: the kubelet, which
// lets a symbolic link point to another folder, or an agent, which writes the file anew.
import { readFileSync, statSync } from "node:fs";
import { oncePerMinute } from "@platform/shared/core/once-per-minute";
import type { BackgroundJob } from "@platform/shared/core/background-job";
import { unreadableReason } from "@platform/shared/core/errno";
import type { Setting } from "@platform/shared/service/env";
import type { Logger } from "@platform/shared/telemetry/logger";

/** A file with a token, and the token that it had at the start. */
export interface TokenFile {
  readonly path: string;
  readonly token: string;
}

/** A token as calls need it. */
export interface SentToken {
  /** The value of the header field `Authorization`. */
  readonly authorization: string;
  /** Reads the token's file now. If the file has no token any more, the last one stays in use. */
  reload(): void;
}

/** A token that is read again when its file has changed. */
interface ServiceToken extends SentToken {
  /** Reads the file every few seconds. */
  readonly job: BackgroundJob;
}

/** Characters of a token that user-service reads. */
const maxLength = 8192;

/** RFC 6750, 2.1. A field with other characters could not be sent, or would be read as something else. */
const bearerToken = /^[A-Za-z0-9._~+/-]+=*$/;

/** Interval at which the file is read, in ms. */
const reloadIntervalMs = 5000;

type Read = { token: string; problem?: undefined } | { token?: undefined; problem: string };

/** Reads a file, which takes some 20 µs. `problem` is for the operator, and has nothing of the content. */
function readToken(path: string): Read {
  let text: string;
  try {
    const file = statSync(path);
    // A pipe would be waited for, and could not be read again.
    if (!file.isFile()) return { problem: "it is no regular file" };
    if (file.size > 2 * maxLength) return { problem: "the file is too large for a token" };
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    return { problem: unreadableReason(error) };
  }
  if (text === "") return { problem: "the file is empty" };
  if (text.length > maxLength)
    return { problem: `the token has more than ${maxLength} characters` };
  if (bearerToken.test(text)) return { token: text };
  return {
    problem: "the token has characters other than A-Z a-z 0-9 - . _ ~ + / and = at its end",
  };
}

/** The path of a file with a token, which is read with the configuration. */
export function tokenFile(variable: string): Setting<TokenFile | undefined> {
  return {
    variable,
    default: undefined,
    // An operator may have put the token where its path belongs.
    isSecret: true,
    allowed: "the path of a file with a token",
    parse(path) {
      const { token } = readToken(path);
      return token === undefined ? undefined : { path, token };
    },
    remedy: (path) => readToken(path).problem,
  };
}

/** Keeps a token fresh. */
export function serviceToken(
  { path, token: initial }: TokenFile,
  { logger, now }: { readonly logger: Logger; readonly now?: () => number },
): ServiceToken {
  const mayWarn = oncePerMinute(now);
  let current = initial;

  function reload(): void {
    const { token, problem } = readToken(path);
    if (token === undefined) {
      if (!mayWarn()) return;
      logger.warn({ file: path, reason: problem }, "cannot read the token, and use the last one");
    } else if (token !== current) {
      current = token;
      logger.info({ file: path }, "token has changed");
    }
  }

  return {
    get authorization() {
      return `Bearer ${current}`;
    },
    reload,
    job: {
      intervalMs: reloadIntervalMs,
      // A file costs less to read than to watch: a watcher would follow one of the links that lead to it.
      run() {
        reload();
        return Promise.resolve();
      },
    },
  };
}
