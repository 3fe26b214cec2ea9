// Programs that a test needs and this project does not install with its dependencies.
import { test } from "bun:test";

/** The package of Debian and Ubuntu that has each program. */
const packages = {
  amtool: "prometheus-alertmanager",
  caddy: "caddy",
  haproxy: "haproxy",
  nginx: "nginx",
  pgbouncer: "pgbouncer",
  prometheus: "prometheus",
  promtool: "prometheus",
  varnishd: "varnish",
} as const;

/** The name of such a program. */
export type Program = keyof typeof packages;

/** Servers are in `sbin`, which is not on every user's PATH. */
const PATH = `${process.env["PATH"]}:/usr/local/sbin:/usr/sbin`;

/**
 * The path of a program.
 *
 * @throws Error if it is not installed
 */
export function pathOf(program: Program): string {
  const path = Bun.which(program, { PATH });
  if (path === null) {
    throw new Error(`Cannot find ${program}: run apt-get install ${packages[program]}`);
  }
  return path;
}

/** A test that needs a program. Without it the test fails in CI, and is skipped elsewhere. */
export function testWith(program: Program, name: string, run: () => Promise<void>): void {
  const isSkipped = !process.env["CI"] && Bun.which(program, { PATH }) === null;
  const suffix = isSkipped ? `: it needs ${program} (apt-get install ${packages[program]})` : "";
  test.skipIf(isSkipped)(`${program}: ${name}${suffix}`, run);
}
