// The kinds of panels that the dashboards have, as data in and Grafana's panels out.
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DashboardLinkBuilder,
  type ValueMap,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimelineBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { prometheus } from "./variables.ts";

/** Queries by the name of their lines, in which `{{label}}` is the value of a label. */
type Queries = Readonly<Record<string, string>>;

interface Options {
  /** What the panel says, and what a reader should do about it. */
  readonly about: string;
  readonly queries: Queries;
  /** Grafana's name of the unit. Default: a number. */
  readonly unit?: string;
  readonly links?: readonly DashboardLinkBuilder[];
  /** Columns of the 24 that a row has. Default: 12. */
  readonly width?: number;
  /** Whether the lines are parts of a sum. */
  readonly isStacked?: boolean;
  /** The top of the axis. Default: as the values need. */
  readonly max?: number;
  /** Values from which the panel is yellow and red, or red and yellow if fewer is worse. */
  readonly limits?: { readonly warn: number; readonly bad: number };
}

const defaultWidth = 12;
const height = 8;

function targets(queries: Queries) {
  return Object.entries(queries).map(([legend, expr], index) =>
    new DataqueryBuilder()
      .refId(String.fromCodePoint(65 + index))
      .datasource(prometheus)
      .expr(expr.trim().replaceAll(/\s+/g, " "))
      .legendFormat(legend)
      .range(),
  );
}

function thresholds({ warn, bad }: { readonly warn: number; readonly bad: number }) {
  const isUpward = bad > warn;
  const [low = 0, high = 0] = [warn, bad].sort((a, b) => a - b);
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: isUpward ? "green" : "red" },
    { value: low, color: "orange" },
    { value: high, color: isUpward ? "red" : "green" },
  ]);
}

/** Lines over time. */
export function graph(title: string, options: Options): TimeseriesBuilder {
  const { about, queries, unit = "short", links = [], width = defaultWidth, max } = options;
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(about)
    .datasource(prometheus)
    .targets(targets(queries))
    .unit(unit)
    .min(0)
    .span(width)
    .height(height)
    .showPoints(VisibilityMode.Never)
    .fillOpacity(options.isStacked === true ? 30 : 0)
    .dataLinks([...links])
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    );
  if (max !== undefined) panel.max(max);
  if (options.limits !== undefined) {
    const style = new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed);
    panel.thresholds(thresholds(options.limits)).thresholdsStyle(style);
  }
  if (options.isStacked === true) {
    panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  }
  return panel;
}

/** The last value of each line, as a number. */
export function number(title: string, options: Options): StatBuilder {
  const { about, queries, unit = "short", width = defaultWidth, limits } = options;
  const panel = new StatBuilder()
    .title(title)
    .description(about)
    .datasource(prometheus)
    .targets(targets(queries).map((target) => target.instant()))
    .unit(unit)
    .span(width)
    .height(height / 2)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Background)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
  if (limits !== undefined) panel.thresholds(thresholds(limits));
  return panel;
}

/** The state of each line over time, with a word and a colour for each value. */
export function states(
  title: string,
  words: Readonly<Record<string, readonly [word: string, color: string]>>,
  { about, queries, width = defaultWidth }: Options,
): StateTimelineBuilder {
  const mapping: ValueMap = {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
    ),
  };
  return new StateTimelineBuilder()
    .title(title)
    .description(about)
    .datasource(prometheus)
    .targets(targets(queries))
    .mappings([mapping])
    .span(width)
    .height(height);
}
