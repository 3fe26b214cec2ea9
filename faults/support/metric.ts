// What a running executable measures.
import type { Running } from "../../shared/testing/executable.ts";

/** The value of a series, named as `/metrics` prints it, labels included; undefined if it has none. */
export async function metricOf(
  running: Pick<Running, "fetch">,
  series: string,
): Promise<number | undefined> {
  const lines = (await (await running.fetch("/metrics")).text()).split("\n");
  const line = lines.find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}
