// The deadline for the storage work of one request, however many statements it takes.
import { StorageUnavailable } from "../core/storage.ts";
import { withTimeout } from "../core/with-timeout.ts";

/** How long the statements of one request may take together, in ms. */
export const maxRequestMs = 5000;

/** Resolves as the reads of a request do. @throws {StorageUnavailable} `busy` after 5 s */
export function readInTime<T>(reads: Promise<T>): Promise<T> {
  return withTimeout(reads, maxRequestMs, () => new StorageUnavailable("busy"));
}

/**
 * Resolves as a request's reads and writes do.
 *
 * @throws {StorageUnavailable} `interrupted` after 5 s, while they go on
 */
export function changeInTime<T>(work: Promise<T>): Promise<T> {
  return withTimeout(work, maxRequestMs, () => new StorageUnavailable("interrupted"));
}
