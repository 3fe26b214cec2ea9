// Codes of errors, such as `ENOENT` of the operating system, and the meaning of that one's in words.

/** The code of an error of the operating system, of TLS or of a client; undefined for other errors. */
export function errnoOf(error: unknown): string | undefined {
  const hasCode = error instanceof Error && "code" in error && typeof error.code === "string";
  return hasCode ? String(error.code) : undefined;
}

/** Whether `error` comes from the operating system and has one of these codes. */
export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  const code = errnoOf(error);
  return code !== undefined && codes.includes(code);
}

/** Why the operating system refused something, and what the operator can do about it. */
export interface ErrnoReason {
  readonly cause: string;
  readonly remedy: string;
}

const noPermission = {
  cause: "this user has no permission",
  remedy: "give it to this user, or run this as another user",
};
const diskFull = { cause: "the disk is full", remedy: "make room" };
const tooManyFiles = { cause: "too many files are open", remedy: "raise the limit (ulimit -n)" };

const reasons = new Map<string, ErrnoReason>(
  Object.entries({
    EACCES: noPermission,
    EPERM: noPermission,
    ENOENT: { cause: "there is no such file or folder", remedy: "check the path" },
    ENOTDIR: { cause: "a part of the path is not a folder", remedy: "check the path" },
    EISDIR: { cause: "it is a folder", remedy: "name a file" },
    EEXIST: { cause: "there is a file of this name already", remedy: "name another one" },
    ELOOP: { cause: "its symbolic links lead in a circle", remedy: "check the path" },
    ENAMETOOLONG: { cause: "the path is too long", remedy: "name a shorter one" },
    EROFS: { cause: "the file system is read-only", remedy: "name another place" },
    ENOSPC: diskFull,
    EDQUOT: { cause: "the quota of this user is used up", remedy: "make room" },
    EFBIG: { cause: "the file would be too large", remedy: "raise the limit (ulimit -f)" },
    EIO: { cause: "the disk failed", remedy: "check it" },
    EBUSY: { cause: "another process uses it", remedy: "stop that process or try again later" },
    EMFILE: tooManyFiles,
    ENFILE: tooManyFiles,
    ENOMEM: { cause: "there is no memory left", remedy: "stop another process" },
    ECONNREFUSED: { cause: "no process listens there", remedy: "check HOST and PORT" },
    ECONNRESET: { cause: "the connection was closed", remedy: "look into the service's log" },
    EADDRNOTAVAIL: {
      cause: "no network interface of this machine has the address",
      remedy: "set HOST to an address that one has, or unset it",
    },
    EAFNOSUPPORT: {
      cause: "this machine has no network of this family",
      remedy: "set HOST to another address, or unset it",
    },
  }),
);

/** What the code of an error means; undefined for errors of other kinds, and for rare codes. */
export function errnoReason(error: unknown): ErrnoReason | undefined {
  return reasons.get(errnoOf(error) ?? "");
}

const unreadable: ErrnoReason = { cause: "the file cannot be read", remedy: "check the path" };

/** Why a file could not be read, and what the operator can do about it. It never names the file. */
export function unreadableReason(error: unknown): string {
  const { cause, remedy } = errnoReason(error) ?? unreadable;
  return `${cause}; ${remedy}`;
}
