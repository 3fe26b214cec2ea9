import { testApiDocument } from "@platform/shared/testing/document-check";
import { startOrderService } from "./order-service.ts";

testApiDocument(startOrderService, [
  "key-in-progress",
  "key-malformed",
  "key-reused",
  "order-not-found",
  "precondition-failed",
  "status-conflict",
  "user-check-failed",
  "user-service-unavailable",
  "user-unknown",
  "weak-tag",
]);
