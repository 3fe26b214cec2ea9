// A service at log level trace, whose responses and output are searched for secrets.
import { expect } from "bun:test";
import type { ServiceName } from "../../shared/testing/executable.ts";
import { startCapturedService, type CapturedService } from "../support/captured-service.ts";
import { rawClient, type RawClientRequest, type TextResponse } from "../support/raw-client.ts";
import {
  leaksInLine,
  leaksInResponse,
  leaksOnStderr,
  privateHeaders,
  secret,
  type SecretKind,
} from "./secret-words.ts";

/** Sends a request with private header fields. Throws if the response has another status. */
export type Ask = (
  status: number,
  request: RawClientRequest,
  allowed?: readonly SecretKind[],
) => Promise<TextResponse>;

/** A service whose responses and output are searched. */
export interface WatchedService extends AsyncDisposable {
  readonly process: CapturedService;
  /** Uses a connection of its own, so that requests can be concurrent. */
  readonly ask: Ask;
  /** Waits until the service has ended. @returns every secret it has let out */
  leaks(): Promise<string[]>;
  /** The statuses of the access log. */
  loggedStatuses(): Set<number>;
}

/** Starts a service with secrets in its environment. */
export async function startWatched(
  service: ServiceName,
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string>> },
): Promise<WatchedService> {
  const passwords = { API_KEY: secret("environment"), DATABASE_PASSWORD: secret("password") };
  const process = await startCapturedService(service, {
    cwd,
    env: { LOG_LEVEL: "trace", ...passwords, ...env },
  });
  const inResponses: string[] = [];
  const lines = () => process.printed().stdout.split("\n").filter(Boolean);
  return {
    process,
    async ask(status, [method, path, headers = {}, body], allowed = []) {
      using client = rawClient(process.port);
      const response = await client.send(method, path, { ...privateHeaders, ...headers }, body);
      const text = `${JSON.stringify([...response.headers])}\n${response.body}`;
      inResponses.push(...leaksInResponse(text, allowed));
      if (response.status === status) return response;
      throw new Error(`${method} ${path} got ${response.status}, not ${status}: ${text}`);
    },
    async leaks() {
      await process.exited;
      const onStderr = leaksOnStderr(process.printed().stderr);
      return [...inResponses, ...lines().flatMap(leaksInLine), ...onStderr];
    },
    loggedStatuses() {
      const requests = lines().map((line) => JSON.parse(line) as { msg: string; status: number });
      return new Set(requests.filter(({ msg }) => msg === "request").map(({ status }) => status));
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** Ends a service, and expects that it has let out no secret and has written nothing to stderr. */
export async function expectNoLeaks(
  { process, leaks }: Pick<WatchedService, "process" | "leaks">,
  status = 0,
): Promise<void> {
  process.kill("SIGTERM");
  expect(await leaks()).toEqual([]);
  expect(await process.exited).toBe(status);
  expect(process.printed().stderr).toBe("");
}
