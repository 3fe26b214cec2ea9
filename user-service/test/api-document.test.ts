import { testApiDocument } from "@platform/shared/testing/document-check";
import { startUserService } from "./user-service.ts";

testApiDocument(startUserService);
