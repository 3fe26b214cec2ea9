// Statistics of rounds, and numbers as people read them.

/** The middle of some numbers, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

const confidence = 0.95;

/**
 * The confidence interval of the median at 95 % or more, from order statistics: it assumes no distribution of
 * the numbers (ISO 16269-7). Two NaN of fewer than six numbers, which have no such interval.
 */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  // The chance that at most `below` of n numbers are under the median is that of so many heads in n tosses.
  let chance = 0.5 ** n;
  let sum = chance;
  let below = 0;
  while (sum <= (1 - confidence) / 2) {
    below += 1;
    chance *= (n - below + 1) / below;
    sum += chance;
  }
  return [sorted[below - 1] ?? Number.NaN, sorted[n - below] ?? Number.NaN];
}

/** The smallest and the largest. */
export function range(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** The items in a circle from one of them on, so that in as many rounds each of them begins once. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  const at = by % Math.max(items.length, 1);
  return [...items.slice(at), ...items.slice(0, at)];
}

/** The items in an order by chance, each of which is as likely (Fisher and Yates). */
export function shuffled<T>(items: readonly T[]): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(Math.random() * left.length), 1));
}

/** Three digits of a small number, and a large one as an integer with commas: 0.123, 12.3, 12,345. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en-GB");
  return String(Number(value.toPrecision(3)));
}

/** A part of a whole: 0.4 %, 23.0 %. */
export function percent(part: number): string {
  return Number.isFinite(part) ? `${(part * 100).toFixed(1)} %` : "–";
}

/** A ratio: 0.71 ×, 5.2 ×, 41 ×. */
export function times(ratio: number): string {
  if (!Number.isFinite(ratio)) return "–";
  const digits = ratio < 2 ? 2 : ratio < 10 ? 1 : 0;
  return `${ratio.toFixed(digits)} ×`;
}
