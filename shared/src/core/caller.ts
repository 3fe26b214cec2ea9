// The caller of a request, where authentication is on.

/** The outcomes of the check of a request's token: the label of `auth_total`, and the reason in the log. */
export const authOutcomes = [
  "ok",
  "missing",
  "malformed",
  "expired",
  "not-yet-valid",
  "wrong-issuer",
  "wrong-audience",
  "wrong-subject",
  "bad-signature",
  "unknown-key",
  "bad-algorithm",
  "insufficient-scope",
  "no-keys",
] as const;

/** One of {@link authOutcomes}. */
export type AuthOutcome = (typeof authOutcomes)[number];

/** What a verified token says of the client that sends it. */
export interface Caller {
  /** Its issuer and its subject, as JSON: equal for the tokens of one caller only. Never logged. */
  readonly identity: string;
  /** The name of the client for the log, by `client_id` or `azp`; undefined if the token has neither. */
  readonly clientName: string | undefined;
  /** The same as JSON: made once, since the log line of every request has it. */
  readonly clientNameJson: string | undefined;
  readonly scopes: ReadonlySet<string>;
  /** The id of the person's user, in lower case; undefined if the caller is a program. */
  readonly userId: string | undefined;
}

/** How a service checks the tokens of requests. */
export interface AuthPolicy {
  /** The name of the service: its protection space (RFC 9110, 11.5), which refusals have as `realm`. */
  readonly realm: string;
  /** Whether requests are refused; otherwise they are only counted. */
  readonly isEnforced: boolean;
}
