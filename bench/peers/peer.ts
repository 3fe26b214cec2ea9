// A peer: another implementation of the same two services, which the benchmark can build and start.

/** The two services that every peer has; the second calls the first. */
export const serviceNames = ["user-service", "order-service"] as const;

/** One of them. */
export type ServiceName = (typeof serviceNames)[number];

/** A program and its arguments. */
export type Command = readonly string[];

/** Gives the command that starts a service. */
export type Launcher = (service: ServiceName) => Command;

/** An implementation to be measured. */
export interface Peer {
  /** Its name on the command line and in the results. */
  readonly name: string;
  /** Its name in the report. */
  readonly title: string;
  /** It has no validation, metrics, logs and request ids. */
  readonly isBare?: boolean;
  /** More variables of its services. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** What to install before it can be built here; undefined if nothing is missing. */
  missing(): Promise<string | undefined>;
  /** Builds or installs it, in an empty folder. */
  setUp(folder: string): Promise<Launcher>;
}
