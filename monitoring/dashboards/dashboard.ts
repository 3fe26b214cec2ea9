// What both dashboards have in common: variables, links to each other, time range, rows.
import type * as cog from "@grafana/grafana-foundation-sdk/cog";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
  type Dashboard,
  type Panel,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";

const tag = "bun-elysia-platform";

interface Contents {
  /** Part of the URL, so that links survive a rebuild. */
  readonly uid: string;
  readonly about: string;
  readonly variables: readonly cog.Builder<VariableModel>[];
  /** Panels by the title of their row. */
  readonly rows: Readonly<Record<string, readonly cog.Builder<Panel>[]>>;
}

/** Makes a dashboard. The same contents give the same dashboard. */
export function dashboardOf(title: string, { uid, about, variables, rows }: Contents): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags([tag])
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([...variables])
    .link(
      new DashboardLinkBuilder("Platform")
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .includeVars(true)
        .keepTime(true),
    );
  for (const [heading, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(heading));
    for (const panel of panels) builder.withPanel(panel);
  }
  const dashboard = builder.build();
  // The builder numbers none, and links to a panel need its number.
  dashboard.panels?.forEach((panel, index) => (panel.id = index + 1));
  return dashboard;
}
