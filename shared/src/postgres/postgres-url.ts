// The URL of a PostgreSQL database, read as libpq reads it
// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).

/** How a session is encrypted, and what is checked of the server's certificate. */
const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

type SslMode = (typeof sslModes)[number];

/** Where a database is, and how its sessions are made. */
export interface PostgresAddress {
  /** For logs and error texts: without user and password. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslMode: SslMode;
  /** The file with the CA certificates; undefined for those that the runtime trusts. */
  readonly rootCertificate: string | undefined;
  /** Seconds until an attempt to connect counts as failed; undefined for the storage's own. */
  readonly connectTimeoutSeconds: number | undefined;
  readonly applicationName: string | undefined;
}

const parameters = ["sslmode", "sslrootcert", "connect_timeout", "application_name"] as const;

/** The text that percent-encoding stands for; undefined if it is malformed or has a NUL. */
function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes("\0") ? undefined : decoded;
  } catch {
    return undefined;
  }
}

// A host is a name, an IPv4 address, or an IPv6 address in brackets. One host: a comma is refused.
const shape =
  /^postgres(?:ql)?:\/\/([^:@/?#\s]+)(?::([^@/?#\s]*))?@([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?\/([^/?#\s]+)(?:\?([^#\s]*))?$/i;

/** The parameters of a query by their names; undefined if one is unknown, malformed or repeated. */
function parseParameters(query: string): Map<string, string> | undefined {
  const found = new Map<string, string>();
  for (const part of query.split("&")) {
    const [, key = "", text = ""] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    const name = parameters.find((parameter) => parameter === key);
    const value = decode(text);
    if (name === undefined || value === undefined || value === "" || found.has(name)) {
      return undefined;
    }
    found.set(name, value);
  }
  return found;
}

/**
 * The parts of a URL such as `postgres://user:password@host:5432/name?sslmode=verify-full`; undefined
 * for every other text. Of libpq's parameters it takes `sslmode`, `sslrootcert`, `connect_timeout` and
 * `application_name`.
 */
export function parsePostgresUrl(url: string): PostgresAddress | undefined {
  const [, ...parts] = shape.exec(url) ?? [];
  const [userText = "", passwordText = "", host = "", portText = "5432", nameText = "", query] =
    parts;
  const [user, password, database] = [userText, passwordText, nameText].map(decode);
  const port = Number(portText);
  if (!user || password === undefined || !database || port < 1 || port > 65_535) return undefined;
  if (URL.parse(`http://${host}`) === null) return undefined;

  const given = query ? parseParameters(query) : new Map<string, string>();
  if (given === undefined) return undefined;
  const certificate = given.get("sslrootcert");
  const sslMode = effectiveMode(given.get("sslmode"), certificate);
  const timeout = given.get("connect_timeout");
  if (sslMode === undefined || (timeout !== undefined && !/^[0-9]{1,5}$/.test(timeout))) {
    return undefined;
  }
  return {
    name: `postgres://${host}:${port}/${nameText}`,
    host,
    port,
    user,
    password,
    database,
    sslMode,
    rootCertificate: certificate === "system" ? undefined : certificate,
    // libpq waits for ever with 0, which no service should.
    connectTimeoutSeconds: timeout === undefined ? undefined : Number(timeout) || undefined,
    applicationName: given.get("application_name"),
  };
}

/** As libpq: `require` with a CA's file checks the chain, and the system's CAs need `verify-full`. */
function effectiveMode(text = "prefer", certificate: string | undefined): SslMode | undefined {
  const mode = sslModes.find((known) => known === text);
  if (certificate === "system") return mode === "verify-full" ? mode : undefined;
  return mode === "require" && certificate !== undefined ? "verify-ca" : mode;
}

/** The remedy for a URL that was probably meant for PostgreSQL. It never repeats a part of the URL. */
export function postgresUrlRemedy(url: string): string | undefined {
  const authority = /^postgres(?:ql)?(?:\+\w+)?:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (authority === undefined) return undefined;
  if (/^\w+\+/.test(url)) return "leave out the name of the driver behind postgres";
  const [, query] = /\?([^#]*)/.exec(url) ?? [];
  if (/,/.test(authority.replace(/^.*@/, ""))) {
    return "name one host: the address that follows the primary";
  }
  if (!authority.includes("@")) return "name the user in front of the host";
  if (/@.*@/.test(authority) || /[^\x21-\x7e]/.test(authority)) {
    return "percent-encode user and password";
  }
  if (query && parseParameters(query) === undefined) {
    return `of parameters, it may have ${parameters.join(", ")}, each once and with a value`;
  }
  return "percent-encode user, password and name";
}
