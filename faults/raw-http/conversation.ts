// What a service says on a raw connection until it has nothing more to say.
import { readAnswer, type RawAnswer } from "../support/raw-response.ts";
import { openConnection, type Bytes } from "../support/raw-connection.ts";
import type { Target } from "../support/platform/targets.ts";

/** All answers in what came, which has to be answers from end to end. */
function answersIn(received: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = received; rest.length > 0;) {
    const read = readAnswer(rest, "GET");
    if (!read) throw new Error(`Half an answer was sent: ${rest.toString("latin1", 0, 500)}`);
    answers.push(read.answer);
    rest = rest.subarray(read.length);
  }
  return answers;
}

const statusesOf = (answers: RawAnswer[]) => answers.map(({ status }) => status);

/** Sends something and waits to be turned away; the statuses that were answered before that. */
export async function turnedAway({ running }: Target, bytes: Bytes): Promise<number[]> {
  await using connection = await openConnection(running.port);
  await connection.write(bytes);
  return statusesOf(answersIn(await connection.ended()));
}

/** Sends something and says that this is all; the answers to it. */
export async function sayAll({ running }: Target, bytes: Bytes): Promise<RawAnswer[]> {
  await using connection = await openConnection(running.port);
  await connection.write(bytes);
  connection.socket.end();
  return answersIn(await connection.ended());
}

/** The names of all users that there are. */
export async function userNames({ running }: Target): Promise<string[]> {
  const users = (await (await running.fetch("/users?limit=1000")).json()) as { name: string }[];
  return users.map(({ name }) => name);
}
