// Which traces are recorded, by OpenTelemetry's names for the ways to decide
// (https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling).
import type { TraceId, Tracer } from "../core/tracer.ts";

/** The values of `OTEL_TRACES_SAMPLER`. A `parentbased_` one does as the caller did, if there is one. */
export const samplerNames = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** The name of a sampler. */
export type SamplerName = (typeof samplerNames)[number];

/** Decides for a trace, as a tracer's method. */
export type Sampler = Tracer["isSampled"];

const parentBased = "parentbased_";

const wordBytes = 4;

/** The exclusive or of the four 32-bit words of an id. */
function mixed(traceId: TraceId): number {
  const bytes = typeof traceId === "string" ? Uint8Array.fromHex(traceId) : traceId;
  const at = (index: number) => bytes[index] ?? 0;
  let bits = 0;
  for (let n = 0; n < wordBytes; n += 1) {
    const mix = at(n) ^ at(n + wordBytes) ^ at(n + 2 * wordBytes) ^ at(n + 3 * wordBytes);
    bits = bits * 256 + mix;
  }
  return bits;
}

/**
 * Makes a sampler.
 *
 * @param ratio the part of all traces that `traceidratio` records, from 0 to 1. The id of the trace alone
 * decides, as OpenTelemetry's JavaScript SDK does it, so every service with this ratio decides alike
 */
export function createSampler(name: SamplerName, ratio: number): Sampler {
  const decideAlone = alone(name, ratio * 2 ** 32);
  if (!name.startsWith(parentBased)) return decideAlone;
  return (traceId, isParentSampled) => isParentSampled ?? decideAlone(traceId);
}

/** @param bound the least number that is not sampled */
function alone(name: SamplerName, bound: number): (traceId: TraceId) => boolean {
  if (name.endsWith("always_on")) return () => true;
  if (name.endsWith("always_off")) return () => false;
  return (traceId) => mixed(traceId) < bound;
}
