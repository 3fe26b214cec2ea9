// The stack that the platform replaces: FastAPI, SQLAlchemy, httpx, all from Debian's packages.
import { join } from "node:path";
import { succeeds } from "../../tools/run.ts";
import type { Peer } from "../peer.ts";

// Debian's Python has Debian's packages; another one may come first in the PATH.
const python = "/usr/bin/python3";
const modules = "fastapi, uvicorn, uvloop, httptools, sqlalchemy, httpx, prometheus_client";
const packages = [
  "python3-fastapi",
  "python3-uvicorn",
  "python3-uvloop",
  "python3-httptools",
  "python3-sqlalchemy",
  "python3-httpx",
  "python3-prometheus-client",
  "python3-email-validator",
];

/** The peer in Python. */
export const original: Peer = {
  name: "original",
  title: "Original: FastAPI",
  async missing() {
    const isThere = await succeeds([python, "-c", `import ${modules}, email_validator`]);
    return isThere ? undefined : `apt-get install ${packages.join(" ")}`;
  },
  async setUp() {
    const file = (service: string) => join(import.meta.dir, `${service.replace("-", "_")}.py`);
    // -B: without it Python writes its caches beside the source.
    return (service) => [python, "-B", file(service)];
  },
};
