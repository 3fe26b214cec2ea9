// Kubernetes' label selectors.
import type { LabelSelector } from "kubernetes-types/meta/v1";

/** The labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** Whether all conditions of a selector hold for labels; an empty selector matches everything. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator === "Exists") return labels[key] !== undefined;
      if (operator !== "In") throw new Error(`The tests do not know the operator ${operator}`);
      return values.includes(labels[key] ?? "");
    })
  );
}
