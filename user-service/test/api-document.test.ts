import { testApiDocument } from "@platform/shared/testing/document-check";
import { startUserService } from "./user-service.ts";

testApiDocument(startUserService, [
  "email-taken",
  "key-in-progress",
  "key-malformed",
  "key-reused",
  "precondition-failed",
  "user-not-found",
  "weak-tag",
]);
