import { testAuthProcesses } from "@platform/shared/testing/auth-process-tests";

testAuthProcesses("order-service", "/orders", "orders:read");
