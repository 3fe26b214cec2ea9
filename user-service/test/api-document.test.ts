import { expect, test } from "bun:test";
import type { OpenApiDocument } from "@platform/shared/openapi/types";
import { documentFaults } from "@platform/shared/testing/document-check";
import { bodyOf } from "@platform/shared/testing/running-service";
import { startUserService } from "./user-service.ts";

test("the API document is valid OpenAPI, and its examples fit its schemas", async () => {
  await using service = await startUserService();
  const response = await service.request("/swagger/json");
  expect(await documentFaults(await bodyOf<OpenApiDocument>(response))).toEqual([]);
});
