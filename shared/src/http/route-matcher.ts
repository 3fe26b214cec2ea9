// Which methods a path can be asked with: the difference between 404 and 405.

/** A route in the router's spelling, such as `/users/:id`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** What a path matched, whatever the method. */
export interface RouteMatch {
  /** The template in OpenAPI's spelling, such as `/users/{id}`. */
  readonly template: string;
  /** The methods that it can be asked with, for `Allow`. */
  readonly methods: readonly string[];
}

const templates = new Map<string, string>();

/** The path of a route, `/users/:id`, as `/users/{id}`. */
export function routeTemplate(path: string): string {
  let template = templates.get(path);
  if (template === undefined) {
    template = path.replace(/:(\w+)/g, "{$1}");
    templates.set(path, template);
  }
  return template;
}

/** Makes the look-up from a path to the route that it belongs to. */
export function routeMatcher(routes: readonly Route[]): (path: string) => RouteMatch | undefined {
  const byPath = new Map<string, Set<string>>();
  for (const { method, path } of routes) {
    const methods = byPath.get(path) ?? new Set();
    methods.add(method);
    if (method === "GET") methods.add("HEAD");
    byPath.set(path, methods);
  }
  const entries = Array.from(byPath, ([path, methods]) => ({
    pattern: new RegExp(
      `^${path.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&").replace(/:\w+/g, "[^/]+")}$`,
    ),
    match: { template: routeTemplate(path), methods: [...methods].sort() },
  }));
  return (path) => entries.find(({ pattern }) => pattern.test(path))?.match;
}
