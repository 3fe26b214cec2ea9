// Certificate authorities and certificates for the servers of tests.
import { spawnSync } from "node:child_process";
import { chmod, chown, copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { ownerInsteadOfRoot } from "../../shared/testing/postgres-files.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";

/** A certificate authority. */
export interface Authority {
  /** The file with its certificate. */
  readonly certificate: string;
  /** Makes the certificate and the key of a server, and puts both into its data folder. */
  certify(data: string, host: string): Promise<void>;
}

/** Makes certificates in a folder, which is deleted with the scope. */
export function startCertificates() {
  const folder = temporaryFolder();
  let files = 0;
  const nextFile = (): string => join(folder.path, `file-${(files += 1)}`);

  function openssl(...args: readonly string[]): void {
    const { status, error, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${error?.message ?? stderr}`);
  }
  /** Makes a certificate. @returns the path of its file, beside which is its key */
  function makeCertificate(subject: string, ...options: readonly string[]): string {
    const file = nextFile();
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const names = ["-subj", `/CN=${subject}`, "-keyout", `${file}.key`, "-out", file];
    openssl("req", "-x509", ...key, ...names, "-days", "2", ...options);
    return file;
  }

  return {
    /** A path that no file has yet. */
    nextFile,
    authority(): Authority {
      const certificate = makeCertificate("Test CA");
      const signing = ["-CA", certificate, "-CAkey", `${certificate}.key`];
      return {
        certificate,
        async certify(data, host) {
          const extensions = ["-addext", "basicConstraints=critical,CA:FALSE"];
          const name = ["-addext", `subjectAltName=DNS:${host}`];
          const file = makeCertificate(host, ...signing, ...extensions, ...name);
          for (const [from, to] of [
            [`${file}.key`, "server.key"],
            [file, "server.crt"],
          ] as const) {
            const next = join(data, `${to}.next`);
            await copyFile(from, next);
            await chmod(next, 0o600);
            if (ownerInsteadOfRoot) {
              await chown(next, ownerInsteadOfRoot.uid, ownerInsteadOfRoot.gid);
            }
            await rename(next, join(data, to));
          }
        },
      };
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
