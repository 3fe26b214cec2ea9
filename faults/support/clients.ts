// Clients that do as HTTP says: they keep their connections until they are told to close them.
import type { Running } from "../../shared/testing/executable.ts";
import { openConnection, type RawConnection } from "./raw-connection.ts";

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What a client sends beside method and path. */
export interface Content {
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request. Rejects if there is no whole answer. */
export type Send = (method: string, path: string, content?: Content) => Promise<Reply>;

function fieldsOf({ json, headers = {} }: Content): Record<string, string> {
  return json === undefined ? headers : { "content-type": "application/json", ...headers };
}

/** A client of Bun's own, which shares its connections with all others in the process. */
export function fetchClient(url: string): Send {
  return async (method, path, content = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: fieldsOf(content),
      ...(content.json === undefined ? {} : { body: JSON.stringify(content.json) }),
    });
    const { status, headers } = response;
    return { status, headers, text: await response.text() };
  };
}

/** A client with a connection of its own, for one request at a time. It never sends one twice. */
export function socketClient({ port }: Pick<Running, "port">): Send & AsyncDisposable {
  let connection: RawConnection | undefined;
  const hangUp = async () => {
    await connection?.[Symbol.asyncDispose]();
    connection = undefined;
  };
  const send: Send = async (method, path, content = {}) => {
    if (connection?.socket.readyState !== "open") await hangUp();
    connection ??= await openConnection(port);
    const body = content.json === undefined ? "" : JSON.stringify(content.json);
    const fields = { host: "localhost", ...fieldsOf(content) };
    const head = [
      `${method} ${path} HTTP/1.1`,
      ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
      ...(body === "" ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
    ];
    await connection.write(Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`));
    const { status, headers, body: bytes } = await connection.answer(method);
    if (headers.get("connection") === "close") await hangUp();
    return { status, headers, text: bytes.toString() };
  };
  return Object.assign(send, { [Symbol.asyncDispose]: hangUp });
}

/** What was answered, if it is what should have been. @throws Error otherwise */
export function answered(reply: Reply, status: number): unknown {
  if (reply.status === status) return reply.text === "" ? undefined : JSON.parse(reply.text);
  throw new Error(`Expected ${status}, was answered ${reply.status}: ${reply.text}`);
}

/** All that a list has, page by page. */
export async function listAll<T>(send: Send, path: string): Promise<T[]> {
  const all: T[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const reply = await send("GET", next);
    all.push(...(answered(reply, 200) as T[]));
    next = /^<([^>]+)>; rel="next"$/.exec(reply.headers.get("link") ?? "")?.[1];
  }
  return all;
}
