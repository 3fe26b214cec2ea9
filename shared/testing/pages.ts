// Reads a list as a client does, which follows the links to the next page.
import { expect } from "bun:test";
import { bodyOf, type RunningService } from "./running-service.ts";

/** A page of a list. */
export interface ListPage<T> {
  readonly items: T[];
  /** The path of the next page; undefined if this is the last. */
  readonly next: string | undefined;
}

/** Gets one page. */
export async function pageAt<T>({ request }: RunningService, path: string): Promise<ListPage<T>> {
  const response = await request(path);
  expect(response.status).toBe(200);
  const link = response.headers.get("link");
  const next = link?.match(/^<([^>]+)>; rel="next"$/)?.[1];
  expect(link === null || next !== undefined).toBe(true);
  return { items: await bodyOf<T[]>(response), next };
}

/** Gets the page at a path and all that follow it. */
export async function pagesFrom<T>(service: RunningService, path: string): Promise<ListPage<T>[]> {
  const page = await pageAt<T>(service, path);
  return page.next === undefined ? [page] : [page, ...(await pagesFrom<T>(service, page.next))];
}
