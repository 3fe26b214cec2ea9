// The generated dashboards, as Grafana reads them.
import { join } from "node:path";

interface Source {
  readonly type: string;
  readonly uid: string;
}

/** A panel; a row has no queries. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: Source;
  readonly targets?: readonly {
    readonly expr: string;
    /** The name of each line, in which `{{label}}` is the value of a label. */
    readonly legendFormat: string;
    readonly datasource?: Source;
  }[];
  readonly fieldConfig?: {
    readonly defaults: { readonly links?: readonly { readonly url: string }[] };
  };
}

/** A variable. */
export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly datasource?: Source;
  readonly refresh?: number;
}

/** A dashboard. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

/** The folder of the generated files. */
export const generatedFolder = join(import.meta.dir, "../generated");

/** Every dashboard. Its types are those of the SDK that has made it. */
export const dashboards: readonly Dashboard[] = await Promise.all(
  [...new Bun.Glob("*.json").scanSync(generatedFolder)]
    .sort()
    .map((name) => Bun.file(join(generatedFolder, name)).json() as Promise<Dashboard>),
);

/** A query of a panel, with the places that show it. */
export interface PanelQuery {
  readonly title: string;
  readonly expr: string;
  readonly legend: string;
}

/** The queries of all panels. */
export const panelQueries: readonly PanelQuery[] = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr, legendFormat }) => ({
      title: `${title}, ${panel.title}`,
      expr,
      legend: legendFormat,
    })),
  ),
);
