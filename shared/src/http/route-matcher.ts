// Which methods the routes of a path have: the difference between 404 and 405.

/** A route, with its path as Elysia spells it, such as `/users/:id`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** The routes that a path matches, of any method. */
export interface RouteMatch {
  /** The template in OpenAPI's spelling, such as `/users/{id}`. */
  readonly template: string;
  /** Their methods, for `Allow`. */
  readonly methods: readonly string[];
}

const templates = new Map<string, string>();

/** The path of a route as OpenAPI spells it: `/users/:id` becomes `/users/{id}`. */
export function routeTemplate(path: string): string {
  let template = templates.get(path);
  if (template === undefined) {
    template = path.replace(/:(\w+)/g, "{$1}");
    templates.set(path, template);
  }
  return template;
}

/**
 * The parameters in a path as clients sent them.
 *
 * @param parameters Elysia's: null where percent-decoding failed, undefined for a path without any
 * @param template in OpenAPI's spelling
 */
export function sentParameters(
  parameters: Readonly<Record<string, unknown>> | undefined,
  template: string,
  path: string,
): Record<string, unknown> {
  const names = template.split("/");
  const segments = path.split("/");
  return Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, value]) => [
      name,
      value ?? segments[names.indexOf(`{${name}}`)],
    ]),
  );
}

/** Makes a look-up of routes by the path of a request; undefined for a path that matches none. */
export function routeMatcher(routes: readonly Route[]): (path: string) => RouteMatch | undefined {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  // A path without parameters is found by a look-up: a pattern for each would take longer.
  const exact = new Map<string, RouteMatch>();
  // The look-up hashes the path of a request, which takes most of the time of a match: most paths have an
  // identifier, and so a length that no path without parameters has.
  const lengths = new Set<number>();
  const patterns: { readonly pattern: RegExp; readonly match: RouteMatch }[] = [];
  for (const [path, ofPath] of byPath) {
    const methods = new Set(ofPath.map(({ method }) => method));
    if (methods.has("GET")) methods.add("HEAD");
    const match = { template: routeTemplate(path), methods: [...methods].sort() };
    if (match.template === path) {
      exact.set(path, match);
      lengths.add(path.length);
      continue;
    }
    const escaped = path.replace(/[.*+?^$()[\]{}|\\]/g, "\\$&");
    patterns.push({ pattern: new RegExp(`^${escaped.replace(/:\w+/g, "[^/]+")}$`), match });
  }
  return (path) =>
    (lengths.has(path.length) ? exact.get(path) : undefined) ??
    patterns.find(({ pattern }) => pattern.test(path))?.match;
}
