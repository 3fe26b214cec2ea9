// What the processes of one test run share: `bun run test` divides the files of tests among several.

type Environment = Readonly<Record<string, string | undefined>>;

/** The address at which the processes of a run ask for what they share. */
const variable = "TEST_RUN_SHARES";

/** Whether `bun run test` has started this process. */
export const isPartOfRun = process.env[variable] !== undefined;

/**
 * What the run shares under a name.
 *
 * @param argument what the function that makes it is given
 * @throws Error with the reason if it could not be made
 */
export async function sharedByRun(
  name: string,
  argument = "",
  env: Environment = process.env,
): Promise<string> {
  const response = await fetch(`${env[variable]}/${name}`, { method: "POST", body: argument });
  const text = await response.text();
  if (!response.ok) throw new Error(`The test run has no ${name}: ${text}`);
  return text;
}

/**
 * Shares what the functions make, until the end of the scope: each runs once for an argument, when the first
 * process asks for its result.
 *
 * @returns `env`: the variables that these processes need
 */
export function shareWithRun(
  makers: Readonly<Record<string, (argument: string) => Promise<string>>>,
) {
  const made = new Map<string, Promise<string>>();
  const result = (name: string, argument: string) => {
    const key = `${name} ${argument}`;
    const unknown = () => Promise.reject(new Error("It is unknown"));
    const known = made.get(key) ?? (makers[name] ?? unknown)(argument);
    made.set(key, known);
    return known;
  };
  // A password may be shared, which other users of this machine must not get.
  const secret = crypto.randomUUID();
  const listener = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    // A busy machine may need longer than a connection may be idle.
    idleTimeout: 0,
    async fetch(request) {
      const [, given, name = ""] = new URL(request.url).pathname.split("/");
      if (given !== secret) return new Response(null, { status: 404 });
      return result(name, await request.text()).then(
        (text) => new Response(text),
        (error: unknown) => new Response(String(error), { status: 500 }),
      );
    },
  });
  return {
    env: { [variable]: new URL(secret, listener.url).href },
    [Symbol.asyncDispose]: () => listener.stop(true),
  };
}
