// What the manifests use of CloudNativePG 1.30 and of its Barman Cloud plugin 0.14. There is no package
// with their types. scripts/check-crds.ts checks the objects against the operator's own schemas.
import type { ResourceRequirements, TopologySpreadConstraint } from "kubernetes-types/core/v1";
import type { ObjectMeta } from "kubernetes-types/meta/v1";

/** A PostgreSQL primary and its standbys. */
export interface Cluster {
  apiVersion: "postgresql.cnpg.io/v1";
  kind: "Cluster";
  metadata: ObjectMeta;
  spec: {
    instances: number;
    imageName: string;
    primaryUpdateMethod: "restart" | "switchover";
    bootstrap: { initdb: InitDb } | { recovery: Recovery };
    externalClusters?: { name: string; plugin: Plugin }[];
    postgresql: {
      synchronous: {
        method: "any" | "first";
        number: number;
        dataDurability: "required" | "preferred";
        failoverQuorum: boolean;
      };
      parameters: Record<string, string>;
    };
    affinity: {
      enablePodAntiAffinity: boolean;
      podAntiAffinityType: "required" | "preferred";
      topologyKey: string;
    };
    topologySpreadConstraints: TopologySpreadConstraint[];
    storage: { size: string };
    walStorage: { size: string };
    resources: ResourceRequirements;
    plugins?: Plugin[];
  };
}

interface InitDb {
  database: string;
  owner: string;
  encoding: string;
  localeProvider: "builtin" | "icu" | "libc";
  builtinLocale: string;
  dataChecksums: boolean;
}

interface Recovery {
  source: string;
  database: string;
  owner: string;
  recoveryTarget: { targetTime: string };
}

interface Plugin {
  name: string;
  isWALArchiver?: boolean;
  parameters: { barmanObjectName: string; serverName?: string };
}

/** Copies of a {@link Cluster} at fixed times. */
export interface ScheduledBackup {
  apiVersion: "postgresql.cnpg.io/v1";
  kind: "ScheduledBackup";
  metadata: ObjectMeta;
  spec: {
    /** Six fields: seconds first. */
    schedule: string;
    immediate: boolean;
    backupOwnerReference: "none" | "self" | "cluster";
    cluster: { name: string };
    method: "barmanObjectStore" | "volumeSnapshot" | "plugin";
    pluginConfiguration: { name: string };
  };
}

/** The bucket of the copies and the WAL. */
export interface ObjectStore {
  apiVersion: "barmancloud.cnpg.io/v1";
  kind: "ObjectStore";
  metadata: ObjectMeta;
  spec: {
    retentionPolicy: string;
    configuration: {
      destinationPath: string;
      endpointURL?: string;
      s3Credentials: { accessKeyId: SecretKey; secretAccessKey: SecretKey };
      data: { compression: "bzip2" | "gzip" | "snappy" };
      wal: { compression: "bzip2" | "gzip" | "lz4" | "snappy" | "xz" | "zstd" };
    };
  };
}

interface SecretKey {
  name: string;
  key: string;
}

/** The labels of the pods that the operator makes for a Cluster: of an instance, and of a pooler. */
export const operatorPods = (cluster: string) => ({
  instance: { "cnpg.io/cluster": cluster, "cnpg.io/podRole": "instance" },
  pooler: { "cnpg.io/cluster": cluster, "cnpg.io/podRole": "pooler" },
});

/** The port of an instance, by its name, on which Prometheus finds the metrics. */
export const metricsPort = "metrics";

/** The Secrets that the operator makes for a Cluster, with samples of the keys that a service uses. */
export function operatorSecrets(cluster: string, database: string) {
  // The password is escaped, and the address is that of the primary.
  const uri = `postgresql://${database}:p%2Fw@${cluster}-rw.platform:5432/${database}`;
  return { [`${cluster}-app`]: { uri }, [`${cluster}-ca`]: { "ca.crt": "PEM" } };
}
