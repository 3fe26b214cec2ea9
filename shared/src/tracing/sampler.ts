// Which traces are recorded, by OpenTelemetry's names for the ways to decide
// (https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling).

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

/** Decides for a trace. @param isParentSampled undefined if the trace starts here */
export type Sampler = (traceId: string, isParentSampled: boolean | undefined) => boolean;

const parentBased = "parentbased_";

/** The part of all traces whose ids decide for them: a number of 32 bits, from the whole id. */
function bitsOf(traceId: string): number {
  let bits = 0;
  for (let start = 0; start < 32; start += 8) {
    bits ^= Number.parseInt(traceId.slice(start, start + 8), 16);
  }
  return bits >>> 0;
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
function alone(name: SamplerName, bound: number): (traceId: string) => boolean {
  if (name.endsWith("always_on")) return () => true;
  if (name.endsWith("always_off")) return () => false;
  return (traceId) => bitsOf(traceId) < bound;
}
