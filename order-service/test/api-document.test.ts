import { testApiDocument } from "@platform/shared/testing/document-check";
import { startOrderService } from "./order-service.ts";

testApiDocument(startOrderService);
