// `bun run dev`, and the other ways to start the services from source.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ignoredSignals } from "../../shared/src/service/start-signals.ts";
import { freePort } from "../../shared/testing/free-port.ts";
import { isListening } from "../../shared/testing/is-listening.ts";
import { rejectionOf } from "../../shared/testing/rejection-of.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { startService } from "../dev-service.ts";
import { root } from "../root.ts";
import { services } from "../services.ts";
import { startDev } from "./dev-process.ts";

test("bun run dev serves this machine alone, and other machines do not reach its open routes", async () => {
  await using dev = await startDev();
  for (let index = 0; index < services.length; index += 1) {
    expect(await isListening(dev.port + index)).toBe(true);
    // Like an address of a network interface: a socket that is bound to 127.0.0.1 does not accept it.
    expect(await isListening(dev.port + index, "127.0.0.2")).toBe(false);
  }
});

test("bun run dev with HOST connects the services, and prints URLs, at that address", async () => {
  await using dev = await startDev({ env: { HOST: "127.0.0.2" } });
  const [users, orders] = [dev.port, dev.port + 1].map((port) => `http://127.0.0.2:${port}`);
  expect(dev.lines).toContain(`  API reference  ${users}/swagger   ${orders}/swagger`);

  // 400 says that user-service has responded; without its response the order would be 503.
  const response = await fetch(`${orders}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      user_id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
      items: [{ sku: "tea", quantity: 1, unit_price: 1 }],
    }),
  });
  expect(response.status).toBe(400);
});

test("scripts/dev.ts under nohup keeps SIGHUP ignored, so a closed terminal does not end it", async () => {
  await using dev = await startDev({ before: ["nohup"] });
  const status = () => readFileSync(`/proc/${dev.pid}/status`, "utf8");
  expect(ignoredSignals(["SIGHUP", "SIGTERM"], status)).toEqual(["SIGHUP"]);
});

test("a test that waits for a line learns what scripts/dev.ts printed if it ends without that line", async () => {
  await using dev = await startDev();
  process.kill(dev.pid, "SIGTERM");
  const { message } = await rejectionOf(dev.shown("No such line"));
  expect(message).toStartWith('It ended without "No such line": ');
  expect(message).toContain("The services are ready.");
});

test("a service that is stopped before it listens to signals has not failed", async () => {
  using folder = temporaryFolder();
  const port = freePort();
  const service = startService({
    name: "user-service",
    url: `http://localhost:${port}`,
    port,
    inspector: undefined,
    env: { ...process.env, DATABASE_URL: `sqlite:${join(folder.path, "users.db")}` },
    print: () => undefined,
  });
  service.stop();
  expect(await service.ended).toBe(0);
});

test("the debugger launches of VS Code serve this machine alone, as bun run dev does", async () => {
  const source = await Bun.file(join(root, ".vscode/launch.json")).text();
  const env = expect.objectContaining({ HOST: "127.0.0.1" });
  const launches = services.map(({ name }) =>
    expect.objectContaining({ name, request: "launch", env }),
  );
  expect(Bun.JSONC.parse(source)).toMatchObject({
    configurations: expect.arrayContaining(launches),
  });
});

test("bun run dev without Bun in the reader's PATH suggests commands by npx", async () => {
  await using dev = await startDev({ env: { PATH: "/nowhere" } });
  await dev.shown("Other ports");
  const npx = `npx -y bun@${Bun.version}`;
  expect(dev.lines).toContain(`  Tokens         ${npx} run dev --auth`);
  expect(dev.lines).toContain(`  Other ports    PORT=9000 ${npx} run dev`);
});
