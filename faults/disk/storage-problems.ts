// How a service says that its storage fails it: in these words, and no others.
import { expect } from "bun:test";

/** An answer, for comparing as a whole. */
export interface Told {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

/** What a caller was told. */
export async function told(response: Response): Promise<Told> {
  const { status, headers } = response;
  const text = await response.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  return { status, retryAfter: headers.get("retry-after"), body };
}

function refusal(status: number, title: string, detail: string, retryAfter: string | null) {
  const instance: unknown = expect.stringMatching(/^\/(users|orders)(\/[0-9a-f-]{36})?$/);
  const request_id: unknown = expect.stringMatching(/^[0-9a-f-]{36}$/);
  const body = { type: "about:blank", title, status, detail, instance, request_id };
  return { status, retryAfter, body };
}

const unavailable = "Service Unavailable";

/** There is no room to write. */
export const storageIsFull = refusal(503, unavailable, "Storage is full", "1");

/** The database file was taken away. */
export const storageIsGone = refusal(503, unavailable, "Storage is gone", "1");

/** What went wrong is for the log alone. */
export const somethingWentWrong = refusal(
  500,
  "Internal Server Error",
  "Something went wrong on our side",
  null,
);
