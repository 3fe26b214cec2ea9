// What the benchmark asks of a peer: the same two services, made some other way.

/** The two services that every peer has. */
export type ServiceName = "user-service" | "order-service";

/** A program and its arguments. */
export type Command = readonly string[];

/** Gives the command that starts a service. */
export type Launcher = (service: ServiceName) => Command;

/** An implementation to be measured. */
export interface Peer {
  /** How it is called on the command line and in the results. */
  readonly name: string;
  /** How it is called in the report. */
  readonly title: string;
  /** It answers requests and does nothing else: no validation, metrics, logs, request ids. */
  readonly isBare?: boolean;
  /** What to do before it can be built here; undefined if nothing is missing. */
  missing(): Promise<string | undefined>;
  /** Builds or installs it; what it writes goes to the folder, which is empty. */
  setUp(folder: string): Promise<Launcher>;
}
