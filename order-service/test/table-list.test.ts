// A copy from one engine to the other leaves out what the list of tables lacks.
import { testTableList } from "@platform/shared/testing/table-list";
import { tables } from "../src/engines/tables.ts";
import { migrations as postgres } from "../src/migrations/postgres/index.ts";
import { migrations as sqlite } from "../src/migrations/sqlite/index.ts";

testTableList(tables, { sqlite, postgres });
