// The stack that the platform replaces, FastAPI with SQLAlchemy on SQLite, and the same with asyncpg on
// PostgreSQL; httpx; all from Debian's packages.
import { join } from "node:path";
import { succeeds } from "../../tools/run.ts";
import type { Peer } from "../peer.ts";

// Debian's Python has Debian's packages; another one may come first in the PATH.
const python = "/usr/bin/python3";
const modules = [
  "fastapi",
  "uvicorn",
  "uvloop",
  "httptools",
  "httpx",
  "prometheus_client",
  "email_validator",
];

/** @param driver the module that reaches the database @param prefix of the names of its two files */
function fastapiWith(
  driver: string,
  prefix: string,
  { name, title }: Pick<Peer, "name" | "title">,
): Peer {
  const needed = [...modules, driver];
  return {
    name,
    title,
    async missing() {
      if (await succeeds([python, "-c", `import ${needed.join(", ")}`])) return undefined;
      const packages = needed.map((module) => `python3-${module.replace("_", "-")}`);
      return `apt-get install ${packages.join(" ")}`;
    },
    async setUp() {
      const file = (service: string) => `${prefix}${service.replace("-", "_")}.py`;
      // -B: without it Python writes its caches beside the source.
      return (service) => [python, "-B", join(import.meta.dir, file(service))];
    },
  };
}

/** FastAPI on SQLite. */
export const original = fastapiWith("sqlalchemy", "", {
  name: "original",
  title: "Original: FastAPI",
});

/** FastAPI on PostgreSQL. */
export const fastapi = fastapiWith("asyncpg", "postgres_", {
  name: "fastapi",
  title: "FastAPI: asyncpg",
});
