// The queries that several panels have, in PromQL.
import { chosen } from "./variables.ts";

/** How often a counter of the chosen services grows in a second. @param by the labels to tell apart */
export const perSecond = (metric: string, by: string, selector = chosen) =>
  `sum by (${by}) (rate(${metric}{${selector}}[$__rate_interval]))`;

/** A quantile of a histogram. @param by the labels to tell apart */
export const quantile = (q: number, metric: string, by: string, selector = chosen) => `
  histogram_quantile(${q}, sum by (${by}, le) (rate(${metric}_bucket{${selector}}[$__rate_interval])))`;
