// The archives of a release.
import { expect, test } from "bun:test";
import { chmod, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { rejectionOf } from "../../shared/testing/rejection-of.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { packArchive } from "../release/archive.ts";

test("an archive has the same bytes whatever the time and the mode of its files", async () => {
  await using folder = temporaryFolder();
  const file = join(folder.path, "user-service");
  const contents = { folder: folder.path, files: ["user-service"], time: 1_700_000_000 };
  const archives = [join(folder.path, "first.tar.gz"), join(folder.path, "second.tar.gz")] as const;
  await writeFile(file, "an executable", { mode: 0o755 });
  await packArchive(archives[0], contents);
  await chmod(file, 0o700);
  await utimes(file, 0, 0);
  await packArchive(archives[1], contents);
  const [first, second] = await Promise.all(archives.map((path) => Bun.file(path).bytes()));
  expect(second).toEqual(first ?? new Uint8Array());
  const listed = await $`tar -tzvf ${archives[0]}`.env({ ...process.env, TZ: "UTC" }).text();
  expect(listed).toMatch(/^-rwxr-xr-x 0\/0 +13 2023-11-14 22:13 user-service\n$/);
});

test("an archive that lacks a file is an error", async () => {
  await using folder = temporaryFolder();
  await writeFile(join(folder.path, "LICENSE"), "MIT");
  const packed = packArchive(join(folder.path, "archive.tar.gz"), {
    folder: folder.path,
    files: ["LICENSE", "user-service"],
    time: 0,
  });
  expect(await rejectionOf(packed)).toBeInstanceOf($.ShellError);
});
