// The archives of a release.
import { $ } from "bun";

/** What {@link packArchive} packs. */
interface Contents {
  /** The folder of the files. */
  readonly folder: string;
  readonly files: readonly string[];
  /** The time that every file gets, in seconds since 1970. */
  readonly time: number;
}

/**
 * Packs files into a .tar.gz that has the same bytes wherever it is made.
 *
 * @throws $.ShellError if tar or gzip fails
 */
export async function packArchive(
  archive: string,
  { folder, files, time }: Contents,
): Promise<void> {
  const fixed = ["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
  // tar starts gzip, and fails if gzip does. A pipe of this shell has the status of gzip alone.
  const gzip = "--use-compress-program=gzip -n";
  await $`tar -c -f ${archive} ${gzip} -C ${folder} --format=ustar ${fixed} --mtime=@${time} ${files}`;
}
