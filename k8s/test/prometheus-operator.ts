// What the manifests use of Prometheus' Operator 0.93. There is no package with its types.
// scripts/check-crds.ts checks the objects against the operator's own schemas.
import type { LabelSelector, ObjectMeta } from "kubernetes-types/meta/v1";

/** Which Services Prometheus scrapes. */
export interface ServiceMonitor {
  apiVersion: "monitoring.coreos.com/v1";
  kind: "ServiceMonitor";
  metadata: ObjectMeta;
  spec: {
    selector: LabelSelector;
    endpoints: {
      /** The name of a port of the Service. */
      port: string;
      path: string;
      honorLabels: boolean;
    }[];
  };
}

/** Which pods Prometheus scrapes. */
export interface PodMonitor {
  apiVersion: "monitoring.coreos.com/v1";
  kind: "PodMonitor";
  metadata: ObjectMeta;
  spec: {
    /** The label of the pods whose value becomes `job`. */
    jobLabel: string;
    selector: LabelSelector;
    podMetricsEndpoints: {
      /** The name of a port of the pods. */
      port: string;
    }[];
  };
}

/** Recording rules and alerts. */
export interface PrometheusRule {
  apiVersion: "monitoring.coreos.com/v1";
  kind: "PrometheusRule";
  metadata: ObjectMeta;
  spec: { groups: { name: string; rules: (Recording | Alert)[] }[] };
}

interface Recording {
  record: string;
  expr: string;
}

interface Alert {
  alert: string;
  expr: string;
  for?: string;
  keep_firing_for?: string;
  labels: { severity: "page" | "ticket" };
  annotations: { summary: string; runbook_url: string };
}
