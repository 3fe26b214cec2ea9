// Generates the types of both APIs into dist/openapi, as a company without Bun and Elysia would.
import { join } from "node:path";
import openapiTypescript, { astToString } from "openapi-typescript";
import { apiDocument } from "./api-document.ts";
import { serviceNames } from "../services.ts";

const folder = join(import.meta.dir, "../../dist/openapi");

for (const service of serviceNames) {
  const types = await openapiTypescript(apiDocument(service));
  await Bun.write(join(folder, `${service}.ts`), astToString(types));
}
