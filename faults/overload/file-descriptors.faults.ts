// More clients than the process may have file descriptors.
import { expect, test } from "bun:test";
import { startExecutable, type ServiceName } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { openFiles } from "../support/footprint.ts";
import { sending, newUser } from "../support/platform/resources.ts";
import { openConnection, type RawConnection } from "../support/raw-connection.ts";

const maxDescriptors = 128;

/** What may be open when every response has been sent. */
const maxKept = maxDescriptors - maxDescriptors / 8;

/** What a service has open without connections, and one connection of the test's own. */
const maxIdle = 20;

const warning =
  "file descriptors are short: connections end with their response, and new ones may have to wait";

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** Starts a service that may have few file descriptors. */
async function startLimited(service: ServiceName) {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(temporaryFolder()).path;
  const limit = `--nofile=${maxDescriptors}:${maxDescriptors}`;
  const under = ["/usr/bin/prlimit", limit];
  const running = stack.use(await startExecutable(service, { cwd, under }));
  const connections = stack.use(new DisposableStack());
  const owned = stack.move();
  return {
    ...running,
    connections,
    /** Opens connections side by side and sends this on each. */
    connect: (count: number, bytes: string): Promise<RawConnection[]> =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const connection = connections.use(await openConnection(running.port));
          await connection.write(bytes);
          return connection;
        }),
      ),
    async shortSeconds(): Promise<number> {
      const printed = await (await running.fetch("/metrics")).text();
      return Number(/^file_descriptors_short_seconds_total (\d+)$/m.exec(printed)?.[1]);
    },
    warnings: () => running.lines.filter(({ msg }) => msg === warning),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Seconds of processor time that a process has used. */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await Bun.file(`/proc/${pid}/stat`).text()).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

test.each(["user-service", "order-service"])(
  "%s serves every client where three times as many keep connections as it may have",
  async (name) => {
    await using service = await startLimited(name);
    expect(await service.shortSeconds()).toBe(0);
    const path = name === "user-service" ? "/users" : "/orders";
    for (let round = 0; round < 3; round += 1) {
      const clients = await service.connect(3 * maxDescriptors, request(path));
      const responses = await Promise.all(clients.map((client) => client.response()));
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
      // The rest are for the storage and for clients that come.
      while ((await openFiles(service.pid)) > maxKept) await Bun.sleep(10);
    }
    await service.logged(warning);
    expect(service.warnings()).toHaveLength(1);
    expect(service.warnings()[0]).toMatchObject({ level: "warn", max_fds: maxDescriptors });
    expect(await service.shortSeconds()).toBeGreaterThan(0);
    const cpuBefore = await cpuSeconds(service.pid);
    await Bun.sleep(1000);
    expect((await cpuSeconds(service.pid)) - cpuBefore).toBeLessThan(0.2);

    service.connections.dispose();
    while ((await openFiles(service.pid)) > maxIdle) await Bun.sleep(10);
    const response = await service.fetch(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("connection")).not.toBe("close");
  },
);

test("user-service stores and serves on a connection inside while half-sent requests hold all others", async () => {
  await using service = await startLimited("user-service");
  const [inside] = await service.connect(1, request("/users"));
  expect((await inside?.response())?.status).toBe(200);
  await service.connect(2 * maxDescriptors, "GET /users HTTP/1.1\r\nHost: a\r\n");
  while ((await openFiles(service.pid)) < maxDescriptors) await Bun.sleep(10);
  const body = JSON.stringify(newUser(1));
  const head = "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  await inside?.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  expect((await inside?.response("POST"))?.status).toBe(201);
  await service.logged(warning);
  expect(service.warnings()).toHaveLength(1);

  service.connections.dispose();
  while ((await openFiles(service.pid)) > maxIdle) await Bun.sleep(10);
  const again = await service.fetch("/users", sending("POST", newUser(2)));
  expect(again.status).toBe(201);
  expect(await (await service.fetch("/users")).json()).toHaveLength(2);
});
