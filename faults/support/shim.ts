// Disk and clock faults, injected into services that run with shim.c.
import { chmod, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

/** The fields of the control file, in the order of shim.c. */
const fields = [
  "flushDelayMs",
  "flushError",
  "writeError",
  "clockOffsetMs",
  "monotonicOffsetMs",
  "flushes",
  "failedFlushes",
] as const;

type Field = (typeof fields)[number];

/** The faults; 0 injects none. An error is one of the numbers in `errors`. */
export type Faults = Record<Exclude<Field, "flushes" | "failedFlushes">, number>;

const { EIO, ENOSPC, EROFS } = constants.errno;

/** The error numbers of a disk. */
export const errors = { EIO, ENOSPC, EROFS };

/** Injects faults into the services that were started with its `env`. */
export interface Shim extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  set(faults: Partial<Faults>): void;
  /** Calls of fsync and fdatasync. */
  readonly flushes: number;
  /** Calls that the shim let fail. */
  readonly failedFlushes: number;
}

function compile(source: string, library: string): void {
  const compiler = Bun.which("cc");
  if (compiler === null) throw new Error('Cannot compile shim.c: there is no C compiler "cc"');
  const options = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"];
  const { success, stderr } = Bun.spawnSync([compiler, ...options, "-o", library, source, "-ldl"]);
  if (!success) throw new Error(`Cannot compile shim.c: ${stderr.toString()}`);
}

/** Compiles the shim, which injects no fault yet. Processes of every user may have it. */
export async function startShim(): Promise<Shim> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(temporaryFolder());
  const library = join(path, "shim.so");
  const source = join(import.meta.dir, "shim.c");
  compile(source, library);
  const control = join(path, "control");
  await writeFile(control, new Uint8Array(fields.length * Int32Array.BYTES_PER_ELEMENT));
  await chmod(path, 0o755);
  await chmod(control, 0o666);
  const { buffer } = Bun.mmap(control);
  const values = new Int32Array(buffer);
  const folder = stack.move();
  const read = (field: Field) => values[fields.indexOf(field)] ?? 0;
  return {
    env: { LD_PRELOAD: library, FAULTS_CONTROL: control },
    set(faults) {
      for (const [index, field] of fields.entries()) {
        if (field in faults) values[index] = faults[field as keyof Faults] ?? 0;
      }
    },
    get flushes() {
      return read("flushes");
    },
    get failedFlushes() {
      return read("failedFlushes");
    },
    [Symbol.asyncDispose]: () => folder.disposeAsync(),
  };
}
