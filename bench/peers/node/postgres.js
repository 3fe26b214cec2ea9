// The database of both services on PostgreSQL.
import { Pool, types } from "pg";

// Times and cents are below 2^53.
types.setTypeParser(types.builtins.INT8, Number);

/** A pool of as many sessions as every peer has. A statement with a name is prepared once on each. */
export const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
