// Raw connections from the first byte to the last.
import type { Target } from "../support/platform/targets.ts";
import { openConnection, type Bytes } from "../support/raw-connection.ts";
import type { RawResponse } from "../support/raw-response.ts";

/** Sends bytes and waits until the service closes the connection. @returns the statuses it sent */
export async function statusesUntilClosed({ running }: Target, bytes: Bytes): Promise<number[]> {
  using connection = await openConnection(running.port);
  await connection.write(bytes);
  return (await connection.responses()).map(({ status }) => status);
}

/** Sends bytes, half-closes the connection and reads the responses until the service closes it. */
export async function responsesTo({ running }: Target, bytes: Bytes): Promise<RawResponse[]> {
  using connection = await openConnection(running.port);
  await connection.write(bytes);
  connection.finish();
  return await connection.responses();
}

/** The names of all users in the database. */
export async function userNames({ running }: Target): Promise<string[]> {
  const users = (await (await running.fetch("/users?limit=1000")).json()) as { name: string }[];
  return users.map(({ name }) => name);
}
