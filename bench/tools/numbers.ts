// Numbers as people read them.

/** Three significant figures for small numbers, whole ones with commas for large: 0.123, 12.3, 12,345. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en-GB");
  return String(Number(value.toPrecision(3)));
}

/** How many times as much: 0.71 ×, 5.2 ×, 41 ×. */
export function times(ratio: number): string {
  if (!Number.isFinite(ratio)) return "–";
  const digits = ratio < 2 ? 2 : ratio < 10 ? 1 : 0;
  return `${ratio.toFixed(digits)} ×`;
}
