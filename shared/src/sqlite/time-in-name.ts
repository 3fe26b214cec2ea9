/** A moment as a part of a file name, which sorts by age: `20261122T180000.000Z`. */
export function fileTimestamp(moment: Date): string {
  return moment.toISOString().replaceAll(/[-:]/g, "");
}
