// What a test has to know of PromQL to run a query of a panel or a rule on its own.

/** Replaces the variables and intervals that Grafana replaces before it asks Prometheus. */
export function fillIn(expr: string): string {
  return expr
    .replaceAll(/\$__rate_interval|\$__range\b/g, "1m")
    .replaceAll("$job", "user-service|order-service")
    .replaceAll(/\$\w+/g, ".*");
}

/**
 * The query of an alert, so that it has a value whether or not the alert fires: comparisons give 0 or 1,
 * and `absent(x)` is x.
 */
export function withoutThreshold(expr: string): string {
  return expr
    .replaceAll(/(^|\s)(>|<|==)(?=\s)/g, "$1$2 bool")
    .replaceAll(/\babsent\(([^)]*)\)/g, "$1");
}

const words = new Set(["and", "or", "unless", "bool", "offset", "group_left", "group_right"]);

/** The selectors in a query, such as `up{job="user-service"}`. */
export function selectorsIn(expr: string): readonly string[] {
  const text = expr
    .replaceAll(/\b(?:by|on|without|ignoring)\s*\([^)]*\)/g, " ")
    .replaceAll(/\[[^\]]*\]/g, " ");
  const found = text.match(/(?<![\w.])[a-zA-Z_:][\w:]*(?![\w:])(?:\{[^}]*\})?(?!\s*\()/g) ?? [];
  return [...new Set(found)].filter((name) => !words.has(name));
}
