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

const isPort = (number: number) => number >= 1 && number <= 65_535;

// A host is a name, an IPv4 address, or an IPv6 address in brackets. One host: a comma is refused.
const shape =
  /^postgres(?:ql)?:\/\/([^:@/?#\s]+)(?::([^@/?#\s]*))?@([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?\/([^/?#\s]+)(?:\?([^#\s]*))?$/i;

type Parameters = Pick<
  PostgresAddress,
  "sslMode" | "rootCertificate" | "connectTimeoutSeconds" | "applicationName"
>;

/** The parameters of a query by their names; undefined if one is unknown, malformed or repeated. */
function splitQuery(query: string): Map<string, string> | undefined {
  const found = new Map<string, string>();
  for (const part of query === "" ? [] : query.split("&")) {
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

/** What a query asks for; or, as text, what to do about the first mistake in it. */
function parseParameters(query: string): Parameters | string {
  const found = splitQuery(query);
  if (found === undefined) {
    return `of parameters, it may have ${parameters.join(", ")}, each once and with a value`;
  }
  const certificate = found.get("sslrootcert");
  const sslMode = effectiveMode(found.get("sslmode"), certificate);
  if (sslMode === undefined) return `sslmode must be one of ${sslModes.join(", ")}`;
  if (certificate === "system" && sslMode !== "verify-full") {
    return "sslrootcert=system needs sslmode=verify-full";
  }
  const timeout = found.get("connect_timeout");
  if (timeout !== undefined && !/^[0-9]{1,5}$/.test(timeout)) {
    return "connect_timeout must be a whole number of seconds from 0 to 99999";
  }
  return {
    sslMode,
    rootCertificate: certificate === "system" ? undefined : certificate,
    // libpq waits for ever with 0, which no service should.
    connectTimeoutSeconds: timeout === undefined ? undefined : Number(timeout) || undefined,
    applicationName: found.get("application_name"),
  };
}

/**
 * As libpq: `require` with a CA's file checks the chain, and the system's CAs make `verify-full` the
 * default. Undefined for an unknown mode.
 */
function effectiveMode(
  text: string | undefined,
  certificate: string | undefined,
): SslMode | undefined {
  if (text === undefined) return certificate === "system" ? "verify-full" : "prefer";
  const mode = sslModes.find((known) => known === text);
  const checksChain = certificate !== undefined && certificate !== "system";
  return mode === "require" && checksChain ? "verify-ca" : mode;
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
  if (!user || password === undefined || !database || !isPort(port)) return undefined;
  if (URL.parse(`http://${host}`) === null) return undefined;

  const given = parseParameters(query ?? "");
  if (typeof given === "string") return undefined;
  const name = `postgres://${host}:${port}/${nameText}`;
  return { name, host, port, user, password, database, ...given };
}

/** The remedy for a URL that was probably meant for PostgreSQL. It never repeats a part of the URL. */
export function postgresUrlRemedy(url: string): string | undefined {
  const [, authority, path = "", query = ""] =
    /^postgres(?:ql)?(?:\+\w+)?:\/\/([^/?#]*)\/?([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? [];
  if (authority === undefined) return undefined;
  if (/^\w+\+/.test(url)) return "leave out the name of the driver behind postgres";
  const address = authority.replace(/^.*@/, "");
  if (address.includes(",")) return "name one host: the address that follows the primary";
  if (!url.includes("@")) return "name the user in front of the host";
  // A password may hold what ends the authority: a slash, a question mark, a number sign.
  if (!/^[\x21-\x3f\x41-\x7e]*@[\x21-\x3f\x41-\x7e]*$/.test(authority)) {
    return "percent-encode user and password";
  }
  if (address === "") return "name the host behind the user";
  const [, port] = /^(?:[^:[\]]+|\[[^\]]*\]):(.*)$/.exec(address) ?? [];
  if (port !== undefined && !(/^[0-9]{1,5}$/.test(port) && isPort(Number(port)))) {
    return "the port must be a whole number from 1 to 65535";
  }
  if (path === "") return "name the database behind the host";
  const given = parseParameters(query);
  return typeof given === "string" ? given : "percent-encode user, password and name";
}
