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

/** The value of a lower-case hexadecimal digit. */
const digitAt = (text: string, index: number) => {
  const code = text.charCodeAt(index);
  return code < 58 ? code - 48 : code - 87;
};

/**
 * The exclusive or of the four words of a trace's id. With parseInt() it would take more of the time of a
 * request that is not recorded than everything else about traces.
 *
 * @param digits how many of the eight digits of each word, from the first
 */
function mixed(traceId: string, digits: number): number {
  let bits = 0;
  for (let digit = 0; digit < digits; digit += 1) {
    const mix =
      digitAt(traceId, digit) ^
      digitAt(traceId, digit + 8) ^
      digitAt(traceId, digit + 16) ^
      digitAt(traceId, digit + 24);
    bits = bits * 16 + mix;
  }
  return bits;
}

const allDigits = 8;
const firstDigits = 2;
/** The first digits, as a part of the whole number. */
const firstUnit = 16 ** (allDigits - firstDigits);

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
  return (traceId) =>
    // Mostly the first digits decide.
    mixed(traceId, firstDigits) * firstUnit < bound && mixed(traceId, allDigits) < bound;
}
