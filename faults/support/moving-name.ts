// A host name whose address a test changes, as a name server would, for the processes that it starts.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

/** A name; at the end of its scope its file is deleted. */
export interface MovingName extends AsyncDisposable {
  readonly name: string;
  /** The words in front of an executable that knows the name. */
  readonly under: readonly string[];
  /** Gives the name these addresses; none: the name does not exist. */
  setAddresses(...addresses: readonly string[]): void;
}

/**
 * Makes a file in place of /etc/hosts for some processes. That needs root, or a user namespace, which
 * `bun run test:faults` makes.
 */
export function movingName(name: string, ...addresses: readonly string[]): MovingName {
  const folder = temporaryFolder();
  const hosts = join(folder.path, "hosts");
  const setAddresses = (...wanted: readonly string[]) =>
    writeFileSync(hosts, wanted.map((address) => `${address} ${name}\n`).join(""));
  setAddresses(...addresses);
  const mounted = '/bin/mount --bind "$0" /etc/hosts && exec "$@"';
  return {
    name,
    under: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mounted, hosts],
    setAddresses,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
