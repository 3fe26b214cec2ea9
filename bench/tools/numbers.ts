// Statistics of rounds, and numbers as people read them.

/** The middle of some numbers, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
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
