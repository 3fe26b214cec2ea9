import { testApiDocument } from "@platform/shared/testing/document-check";
import { startUserService } from "./user-service.ts";

testApiDocument(startUserService, [
  "email-taken",
  "precondition-failed",
  "user-not-found",
  "weak-tag",
]);
