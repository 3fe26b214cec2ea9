// The choice of a Go team: net/http, SQLite or pgx, the Prometheus client, all from Debian's packages.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EngineName } from "../../engines/engine.ts";
import { run } from "../../tools/run.ts";
import type { Peer } from "../peer.ts";

const gopath = "/usr/share/gocode";
const libraries = [
  "github.com/jackc/pgx/v4",
  "github.com/mattn/go-sqlite3",
  "github.com/prometheus/client_golang",
  "github.com/rs/zerolog",
];
const packages = [
  "golang-go",
  "gcc",
  "libsqlite3-dev",
  "golang-github-jackc-pgx-v4-dev",
  "golang-github-mattn-go-sqlite3-dev",
  "golang-github-prometheus-client-golang-dev",
  "golang-github-rs-zerolog-dev",
];

/** The peer in Go on an engine. */
export function go(engine: EngineName): Peer {
  return {
    name: "go",
    title: engine === "sqlite" ? "Go: net/http" : "Go: net/http, pgx",
    async missing() {
      const folders = libraries.map((library) => join(gopath, "src", library));
      const isThere = Bun.which("go") && Bun.which("gcc") && folders.every(existsSync);
      return isThere ? undefined : `apt-get install ${packages.join(" ")}`;
    },
    async setUp(folder) {
      const executable = join(folder, "services");
      await run(["go", "build", "-tags", "libsqlite3", "-o", executable, "."], {
        cwd: import.meta.dir,
        env: { GO111MODULE: "off", GOFLAGS: "-mod=mod", GOPATH: gopath },
      });
      return (service) => [executable, service];
    },
  };
}
