// The storage behind all peers of a run.
import type { Launcher, ServiceName } from "../peers/peer.ts";

/** The names of the engines, as the command line and the results have them. */
export const engineNames = ["sqlite", "postgres"] as const;

/** One of them. */
export type EngineName = (typeof engineNames)[number];

/** A database of one service, deleted at the end of its scope. */
export interface Database extends AsyncDisposable {
  /** As `DATABASE_URL` has it. */
  readonly url: string;
}

/** The databases of both services, to be copied. */
export interface Seed {
  readonly rows: number;
  /** Makes a copy of a service's database. @param folder where its file is, if it is a file */
  copy(service: ServiceName, folder: string): Promise<Database>;
  /** The processor time that the database server has used, in milliseconds; 0 without a server. */
  serverMs(): number;
}

/** A storage engine that can be measured on. */
export interface Engine extends AsyncDisposable {
  readonly name: EngineName;
  /** For the report. */
  readonly description: string;
  /** Makes databases with this many users and orders, in tables made by the platform's migrations. */
  makeSeed(platform: Launcher, rows: number): Promise<Seed>;
}
