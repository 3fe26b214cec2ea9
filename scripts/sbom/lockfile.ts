// bun.lock: which packages a workspace needs in production, at which exact versions.
import { join } from "node:path";
import { root } from "../root.ts";

/** What a package or a workspace lists in its package.json. */
interface Listed {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalPeers?: readonly string[];
}

/** `name@version`, the registry, what it lists, its integrity. Of a workspace, the first alone. */
type Entry = readonly [id: string, registry?: string, listed?: Listed, integrity?: string];

interface Lockfile {
  readonly workspaces: Readonly<Record<string, Listed>>;
  readonly packages: Readonly<Record<string, Entry>>;
}

/** A package at the one version that the lockfile has of it in this place. */
export interface Locked {
  /** `name@version`; of a workspace, `name@workspace:folder`. */
  readonly id: string;
  /** The hash of its archive as the registry's clients write it, `sha512-` and base64; none of a workspace. */
  readonly integrity: string | undefined;
  /** The ids of what it depends on. */
  readonly needs: readonly string[];
}

/**
 * What a workspace needs in production, itself included, by id.
 *
 * @param workspace the name of its folder
 * @param file the lockfile
 * @throws Error if the lockfile lacks a package that another one needs
 */
export async function productionClosure(
  workspace: string,
  file = join(root, "bun.lock"),
): Promise<ReadonlyMap<string, Locked>> {
  // The types are those of Bun's lockfile, version 2, which a frozen install has checked.
  const lockfile = Bun.JSONC.parse(await Bun.file(file).text()) as Lockfile;

  /** The key of a dependency: below the package that needs it, or below what that one is below. */
  const find = (name: string, key: string): string | undefined => {
    // A scope is a part of a name: a/@scope/name is below a alone.
    const parents = key.match(/(?:@[^/]+\/)?[^/]+/g) ?? [];
    const keys = [...parents.keys(), parents.length].map((n) =>
      [...parents.slice(0, n), name].join("/"),
    );
    return keys.findLast((candidate) => candidate in lockfile.packages);
  };

  const closure = new Map<string, Locked>();
  const visit = (key: string, [id, , listed = {}, integrity]: Entry): string => {
    if (closure.has(id)) return id;
    const needs: string[] = [];
    closure.set(id, { id, integrity, needs });
    const { dependencies, optionalDependencies, peerDependencies, optionalPeers = [] } = listed;
    for (const name of Object.keys({
      ...peerDependencies,
      ...dependencies,
      ...optionalDependencies,
    })) {
      const found = find(name, key);
      const entry = found === undefined ? undefined : lockfile.packages[found];
      if (found !== undefined && entry !== undefined) {
        const [, folder] = entry[0].split("@workspace:");
        const own = folder === undefined ? undefined : lockfile.workspaces[folder];
        needs.push(visit(found, own === undefined ? entry : [entry[0], "", own]));
      } else if (!optionalPeers.includes(name) && optionalDependencies?.[name] === undefined) {
        throw new Error(`bun.lock has no ${name}, which ${id} needs`);
      }
    }
    return id;
  };
  const own = lockfile.workspaces[workspace];
  if (own === undefined) throw new Error(`bun.lock has no workspace ${workspace}`);
  visit("", [workspace, "", own]);
  return closure;
}
