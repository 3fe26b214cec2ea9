// A service at its most talkative, watched for what it tells.
import { expect } from "bun:test";
import type { ServiceName } from "../../shared/testing/executable.ts";
import { startObserved, type Observed } from "../support/captured-service.ts";
import { rawClient, type RawClientRequest, type TextResponse } from "../support/raw-client.ts";
import {
  leaksInAnswer,
  leaksInLine,
  leaksOnStderr,
  privateHeaders,
  secret,
  type SecretKind,
} from "./secret-words.ts";

/** What is sent: method, path, header fields, body. */
export type Request = RawClientRequest;

/** Sends a request among private header fields. Throws if the answer has another status. */
export type Ask = (
  status: number,
  request: Request,
  told?: readonly SecretKind[],
) => Promise<TextResponse>;

/** A service that is watched. */
export interface Watched extends AsyncDisposable {
  readonly observed: Observed;
  /** On a connection of its own, so that several can ask at once. */
  readonly ask: Ask;
  /** Once the service has ended, all that was told and should not have been. */
  leaks(): Promise<string[]>;
  /** The statuses of the requests in the log. */
  loggedStatuses(): Set<number>;
}

/** Starts a service among secrets. */
export async function startWatched(
  service: ServiceName,
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string>> },
): Promise<Watched> {
  const passwords = { API_KEY: secret("environment"), DATABASE_PASSWORD: secret("password") };
  const observed = await startObserved(service, {
    cwd,
    env: { LOG_LEVEL: "trace", ...passwords, ...env },
  });
  const inAnswers: string[] = [];
  const lines = () => observed.printed().stdout.split("\n").filter(Boolean);
  return {
    observed,
    async ask(status, [method, path, headers = {}, body], told = []) {
      using client = rawClient(observed.port);
      const answer = await client.send(method, path, { ...privateHeaders, ...headers }, body);
      const text = `${JSON.stringify([...answer.headers])}\n${answer.body}`;
      inAnswers.push(...leaksInAnswer(text, told));
      if (answer.status === status) return answer;
      throw new Error(`${method} ${path} was answered ${answer.status}, not ${status}: ${text}`);
    },
    async leaks() {
      await observed.exited;
      const onStderr = leaksOnStderr(observed.printed().stderr);
      return [...inAnswers, ...lines().flatMap(leaksInLine), ...onStderr];
    },
    loggedStatuses() {
      const requests = lines().map((line) => JSON.parse(line) as { msg: string; status: number });
      return new Set(requests.filter(({ msg }) => msg === "request").map(({ status }) => status));
    },
    [Symbol.asyncDispose]: () => observed[Symbol.asyncDispose](),
  };
}

/** Ends a service, and looks through all that it has told. */
export async function expectSilence(
  { observed, leaks }: Pick<Watched, "observed" | "leaks">,
  status = 0,
): Promise<void> {
  observed.kill("SIGTERM");
  expect(await leaks()).toEqual([]);
  expect(await observed.exited).toBe(status);
  expect(observed.printed().stderr).toBe("");
}
