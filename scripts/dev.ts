// `bun run dev`: all services from source, restarted on change, with logs made for people.
import { hasErrno } from "../shared/src/core/errno.ts";
import { errorMessage } from "../shared/src/core/error-message.ts";
import { everyAddress, urlHost } from "../shared/src/http/server.ts";
import { ignoredSignals } from "../shared/src/service/start-signals.ts";
import { readArguments, refuse } from "./arguments.ts";
import { bunCommand } from "./bun-command.ts";
import { ownVariables, startAuth } from "./dev-auth.ts";
import { defaultMinutes } from "./dev-issuer.ts";
import { linePrinter } from "./dev-log.ts";
import { startService } from "./dev-service.ts";
import { serviceNames, services } from "./services.ts";

/** Where Bun's inspector listens if no port is given. */
const defaultInspectPort = "6499";

const usage = `Usage: bun run dev [--auth] [--inspect[=PORT]]

  --auth            switches authentication on, with keys of its own in data/, and prints commands
                    with tokens; bun run dev:token makes more
  --inspect[=PORT]  lets a debugger attach to each service, at ws://localhost:PORT/NAME:
                    ${serviceNames[0]} on this port (${defaultInspectPort}), each further service on the next one

The services listen on port 8000 and those after it. For others: PORT=9000 bun run dev
They listen on 127.0.0.1, for clients on this machine. For other machines: HOST=0.0.0.0 bun run dev
To go on after the terminal is closed: nohup bun scripts/dev.ts (bun run would undo nohup)
`;

const { values } = readArguments(usage, {
  args: process.argv
    .slice(2)
    .map((word) => (word === "--inspect" ? `--inspect=${defaultInspectPort}` : word)),
  options: { auth: { type: "boolean" }, inspect: { type: "string" } },
});

/** Without --auth the services authenticate no client: other machines reach them only on demand. */
const host = process.env["HOST"] || "127.0.0.1";

/** Ctrl-C and a closed terminal arrive twice, directly and through `bun run`, and mean one thing. */
const sameSignalMs = 1000;

/** Reads the first of as many ports as there are services. */
function firstOfPorts(title: string, text: string): number {
  const port = Number(text);
  const max = 65_535 - services.length + 1;
  if (Number.isInteger(port) && port >= 1 && port <= max) return port;
  const allowed = `must be a whole number from 1 to ${max}`;
  const reason = `it is the first of ${services.length} ports, and ${allowed}`;
  return refuse(`Cannot use ${title} "${text}": ${reason}`, usage);
}

const firstPort = firstOfPorts("PORT", process.env["PORT"] || "8000");
const firstInspectPort = values.inspect && firstOfPorts("--inspect", values.inspect);

if (process.env["DATABASE_URL"]) {
  refuse("Cannot use DATABASE_URL: it is one database, and each service needs its own", usage);
}

const conflict = values.auth && ownVariables.find((variable) => process.env[variable]);
if (conflict) refuse(`Cannot use ${conflict} with --auth, which sets it: unset one of them`, usage);

/** Whether another process listens on a port. Any other error is left to the service to report. */
function isTaken(port: number): boolean {
  try {
    Bun.listen({ hostname: host, port, socket: { data: () => undefined } }).stop(true);
    return false;
  } catch (error) {
    return hasErrno(error, "EADDRINUSE");
  }
}

for (const [index, name] of serviceNames.entries()) {
  if (!isTaken(firstPort + index)) continue;
  console.error(`Cannot start ${name}: another process listens on port ${firstPort + index}`);
  console.error(`For other ports: PORT=9000 ${bunCommand()} run dev`);
  process.exit(1);
}

const auth = values.auth
  ? await startAuth().catch((error: unknown) => {
      console.error(errorMessage(error));
      process.exit(1);
    })
  : undefined;

const width = Math.max(...serviceNames.map((name) => name.length));

/** How a client on this machine names the services' address. */
const isLocalhost = ["127.0.0.1", "0.0.0.0", everyAddress].includes(host);
const localHost = isLocalhost ? "localhost" : urlHost(host);
const urlOf = (name: string) => `http://${localHost}:${firstPort + serviceNames.indexOf(name)}`;
const inspectors = firstInspectPort
  ? serviceNames.map((name, index) => `localhost:${firstInspectPort + index}/${name}`)
  : [];

const running = services.map(({ name, colour, upstreams = {} }, index) => {
  const env: Record<string, string | undefined> = {
    ...process.env,
    ...auth?.environments.get(name),
    HOST: host,
  };
  for (const [variable, upstream] of Object.entries(upstreams)) env[variable] ||= urlOf(upstream);
  const print = linePrinter(name, width, colour);
  const port = firstPort + index;
  return startService({ name, url: urlOf(name), port, inspector: inspectors[index], env, print });
});

function stop(): void {
  for (const service of running) service.stop();
}

let signalledAt: number | undefined;
function onSignal(): void {
  if (signalledAt === undefined) {
    signalledAt = performance.now();
    const seconds = Number(process.env["SHUTDOWN_GRACE_MS"] || 10_000) / 1000;
    console.log(
      `\nStopping. Requests in flight have up to ${seconds} s to finish; Ctrl-C again cuts them.`,
    );
    stop();
  } else if (performance.now() - signalledAt > sameSignalMs) {
    for (const service of running) service.kill();
  }
}
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;
// A handler for a signal that `nohup` has set to be ignored would undo that.
const ignored = ignoredSignals(endingSignals);
for (const signal of endingSignals) if (!ignored.includes(signal)) process.on(signal, onSignal);

// The reader of our output has gone, as in `bun run dev | head`.
process.stdout.on("error", stop);

// One service alone is no platform: when one fails to start, the others stop, and its status is ours.
for (const { ended } of running) {
  void ended.then((status) => {
    process.exitCode ||= status;
    stop();
  });
}

void Promise.all(running.map(({ ready }) => ready))
  .then(welcome)
  .then((text) => process.stdout.write(text));

async function welcome(): Promise<string> {
  const dev = `${bunCommand()} run dev`;
  const list = (path: string) => serviceNames.map((name) => urlOf(name) + path).join("   ");
  const debuggers = inspectors.map((address) => `ws://${address}`).join("   ");
  const tokens = auth
    ? `valid for ${defaultMinutes / 60} hours; more: ${dev}:token --help`
    : `${dev} --auth`;
  const examples = auth
    ? await auth.examples(urlOf)
    : services.flatMap(({ name, example }) => example?.(urlOf(name)) ?? []);
  return `
The services are ready. A change to the source restarts them, Ctrl-C stops them.

  API reference  ${list("/swagger")}
  Metrics        ${list("/metrics")}
  Tokens         ${tokens}
  Debugger       ${debuggers || `${dev} --inspect`}
  Other ports    PORT=9000 ${dev}

Try:

${examples.join("\n")}
`;
}
