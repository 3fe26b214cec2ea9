// Clients that follow HTTP's rules: they keep a connection until the server tells them to close it.
import type { Running } from "../../shared/testing/executable.ts";
import { rawClient, type TextResponse } from "./raw-client.ts";

/** What a client sends beside method and path. */
export interface Content {
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request. Rejects if the response is incomplete. */
export type Send = (method: string, path: string, content?: Content) => Promise<TextResponse>;

function fieldsOf({ json, headers = {} }: Content): Record<string, string> {
  return json === undefined ? headers : { "content-type": "application/json", ...headers };
}

/** A client on Bun's fetch, whose connections are shared by the whole process. */
export function fetchClient(url: string): Send {
  return async (method, path, content = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: fieldsOf(content),
      ...(content.json === undefined ? {} : { body: JSON.stringify(content.json) }),
    });
    const { status, headers } = response;
    return { status, headers, body: await response.text() };
  };
}

/** A client with a connection of its own, for one request at a time. It never sends one twice. */
export function socketClient({ port }: Pick<Running, "port">): Send {
  const client = rawClient(port);
  return (method, path, content = {}) =>
    client.send(
      method,
      path,
      fieldsOf(content),
      content.json === undefined ? undefined : JSON.stringify(content.json),
    );
}

/** The parsed body of a response. @throws Error if the response has another status */
export function bodyOfStatus(response: TextResponse, status: number): unknown {
  const { body } = response;
  if (response.status === status) return body === "" ? undefined : JSON.parse(body);
  throw new Error(`Expected ${status}, the response is ${response.status}: ${body}`);
}

/** All items of a list, read page by page. */
export async function listAll<T>(send: Send, path: string): Promise<T[]> {
  const all: T[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const response = await send("GET", next);
    all.push(...(bodyOfStatus(response, 200) as T[]));
    next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
  }
  return all;
}
