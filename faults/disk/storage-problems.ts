// The responses of a service whose storage fails.
import { expect } from "bun:test";

/** A response in a form that tests compare as a whole. */
export interface ResponseSummary {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

/** Reads a response. */
export async function summaryOf(response: Response): Promise<ResponseSummary> {
  const { status, headers } = response;
  const text = await response.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  return { status, retryAfter: headers.get("retry-after"), body };
}

function problem(
  status: number,
  code: string,
  title: string,
  detail: string,
  retryAfter: string | null,
) {
  const instance: unknown = expect.stringMatching(/^\/(users|orders)(\/[0-9a-f-]{36})?$/);
  const request_id: unknown = expect.stringMatching(/^[0-9a-f-]{36}$/);
  const body = { type: "about:blank", title, status, code, detail, instance, request_id };
  return { status, retryAfter, body };
}

const unavailable = "Service Unavailable";

/** The disk is full. */
export const storageIsFull = problem(503, "storage-full", unavailable, "Storage is full", "1");

/** The database file is deleted or replaced. */
export const storageIsGone = problem(
  503,
  "storage-unavailable",
  unavailable,
  "Storage is gone",
  "1",
);

/** Another failure, whose reason only the log has. */
export const somethingWentWrong = problem(
  500,
  "internal",
  "Internal Server Error",
  "Something went wrong on our side",
  null,
);
