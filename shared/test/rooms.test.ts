// The arrows between the rooms: a room imports the rooms below it and no others, so each can be read
// with what it stands on, and changed without a look at what stands on it. shared/README.md names them.
import { describe, expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";

/** The rooms of shared/src, and the rooms that each may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  schema: ["core"],
  telemetry: ["core", "schema"],
  tracing: ["core"],
  sqlite: ["core"],
  postgres: ["core"],
  copy: ["core", "sqlite", "postgres"],
  http: ["core", "schema", "telemetry"],
  auth: ["core", "schema", "telemetry", "http"],
  idempotency: ["core", "sqlite", "postgres", "http"],
  openapi: ["core", "schema", "telemetry", "http"],
  service: [
    "core",
    "schema",
    "telemetry",
    "tracing",
    "sqlite",
    "postgres",
    "copy",
    "http",
    "auth",
    "idempotency",
    "openapi",
  ],
};

const root = join(import.meta.dir, "../..");
const specifier = /\b(?:from|import)\s*\(?\s*"([^"]+)"/g;

interface Import {
  readonly file: string;
  readonly specifier: string;
}

/** The TypeScript files of a folder. */
const filesIn = (folder: string) =>
  Array.fromAsync(new Bun.Glob("**/*.ts").scan(join(root, folder)));

/** Every import in the TypeScript files of a folder, types included. */
async function importsIn(folder: string): Promise<Import[]> {
  const imports = (await filesIn(folder)).map(async (file) => {
    const text = await Bun.file(join(root, folder, file)).text();
    return [...text.matchAll(specifier)].map(([, name = ""]) => ({ file, specifier: name }));
  });
  return (await Promise.all(imports)).flat();
}

/** The imports from one folder into others, but for those that `isAllowed` allows. */
async function forbidden(
  folder: string,
  isAllowed: (from: string, to: string) => boolean,
): Promise<string[]> {
  const found = await importsIn(folder);
  expect(found.length).toBeGreaterThan(0);
  return found
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ file, specifier }) => ({ file, target: normalize(join(dirname(file), specifier)) }))
    .filter(({ file, target }) => {
      const [from = "", to = ""] = [file, target].map((path) => path.split("/")[0] ?? "");
      return from !== to && !isAllowed(from, to);
    })
    .map(({ file, target }) => `${folder}/${file} imports ${target}`);
}

describe("the rooms of shared/src", () => {
  test("import nothing but the rooms below them", async () => {
    const isBelow = (from: string, to: string) => mayImport[from]?.includes(to) === true;
    expect(await forbidden("shared/src", isBelow)).toEqual([]);
  });

  test("are all there are: a file stands in a room", async () => {
    const rooms = new Set((await filesIn("shared/src")).map((file) => file.split("/")[0] ?? ""));
    expect([...rooms].sort()).toEqual(Object.keys(mayImport).sort());
  });
});

test.each(["shared", "faults", "bench", "k8s", "monitoring", "scripts"])(
  "%s imports nothing of a service, so that a service can be removed",
  async (folder) => {
    const imports = await importsIn(folder);
    expect(imports.length).toBeGreaterThan(0);
    const ofServices = /\b(?:user|order)-service(?:\/|$)/;
    expect(imports.filter(({ specifier }) => ofServices.test(specifier))).toEqual([]);
  },
);

describe("the folders of order-service/src", () => {
  // The files beside the folders (app.ts, main.ts) put the folders together.
  const mayUse: Readonly<Record<string, readonly string[]>> = {
    orders: ["user-service"],
    "user-service": [],
    migrations: [],
    engines: ["migrations", "orders"],
  };

  test("import one way: the client of user-service knows no order", async () => {
    const isAllowed = (from: string, to: string) =>
      from.endsWith(".ts") || mayUse[from]?.includes(to) === true;
    expect(await forbidden("order-service/src", isAllowed)).toEqual([]);
  });

  test("import types of user-service, and nothing at run time: HTTP alone connects them", async () => {
    for (const file of await filesIn("order-service/src")) {
      const text = await Bun.file(join(root, "order-service/src", file)).text();
      const imports = text.match(/import[^;]*"@platform\/user-service[^;]*;/g) ?? [];
      for (const statement of imports) expect(statement).toStartWith("import type ");
    }
  });
});
