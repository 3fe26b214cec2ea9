// The variables of tracing, by OpenTelemetry's names, so that operators and platforms that know them need
// learn no other: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
import { samplerNames } from "../tracing/sampler.ts";
import type { Setting } from "./env.ts";
import { enumeration, integer } from "./setting-kinds.ts";

const maxMs = 3_600_000;
const maxSpans = 100_000;

const onHttp = ["http/json", "http/protobuf"] as const;

/** A variable that has no default. */
function unset<T>(setting: Setting<T>): Setting<T | undefined> {
  return { ...setting, default: undefined };
}

/** The URL of a collector. It may have a token in its query, and no credentials. */
function collectorUrl(variable: string): Setting<string | undefined> {
  return {
    variable,
    default: undefined,
    isSecret: true,
    allowed: "an http or https URL without credentials or fragment, such as http://collector:4318",
    parse(text) {
      if (!/^https?:\/\/[^/?#@*\\\s]+(?:[/?][^#\\\s]*)?$/i.test(text)) return undefined;
      return URL.parse(text)?.href;
    },
  };
}

/** A text without percent-encoding; undefined if it is malformed. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

type Pairs = Readonly<Record<string, string>>;

/**
 * Names and values as in W3C Baggage: `name=value,name=value`, with percent-encoding in the values.
 *
 * @param isAllowed whether a decoded pair may be used
 */
function pairs(
  variable: string,
  isSecret: boolean,
  isAllowed: (name: string, value: string) => boolean,
): Setting<Pairs | undefined> {
  return {
    variable,
    default: undefined,
    isSecret,
    allowed: "a comma-separated list of name=value, with percent-encoding in the values",
    parse(text) {
      const found: Record<string, string> = {};
      for (const part of text.split(",")) {
        if (part.trim() === "") continue;
        const [name = "", ...rest] = part.split("=");
        const value = decode(rest.join("=").trim());
        if (rest.length === 0 || value === undefined) return undefined;
        if (name.trim() === "" || !isAllowed(name.trim(), value)) return undefined;
        found[name.trim()] = value;
      }
      return found;
    },
  };
}

function isHeaderField(name: string, value: string): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

const headers = (variable: string) => pairs(variable, true, isHeaderField);
const milliseconds = (variable: string, initial: number) =>
  integer(variable, { default: initial, min: 1, max: maxMs });
const protocol = (variable: string): Setting<(typeof onHttp)[number] | undefined> => ({
  ...unset(enumeration(variable, { default: "http/json", words: onHttp })),
  remedy: (text) =>
    text === "grpc" ? "name the collector's port of OTLP over HTTP, mostly 4318" : undefined,
});

/** The settings of tracing. Those with TRACES in their name go before those without it. */
export const tracingSettings = {
  /** The path of traces is put behind it. No endpoint: no trace is recorded. */
  otlpEndpoint: collectorUrl("OTEL_EXPORTER_OTLP_ENDPOINT"),
  /** Used as it is. */
  otlpTracesEndpoint: collectorUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
  /** Read so that a protocol without HTTP is an error. Collectors take JSON wherever they take HTTP. */
  otlpProtocol: protocol("OTEL_EXPORTER_OTLP_PROTOCOL"),
  otlpTracesProtocol: protocol("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
  otlpHeaders: headers("OTEL_EXPORTER_OTLP_HEADERS"),
  otlpTracesHeaders: headers("OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
  otlpTimeoutMs: milliseconds("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000),
  otlpTracesTimeoutMs: unset(milliseconds("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", 10_000)),
  otelServiceName: unset<string>({
    variable: "OTEL_SERVICE_NAME",
    default: "",
    allowed: "a name",
    parse: (text) => text,
  }),
  otelResourceAttributes: pairs("OTEL_RESOURCE_ATTRIBUTES", false, () => true),
  otelTracesSampler: enumeration("OTEL_TRACES_SAMPLER", {
    default: "parentbased_always_on",
    words: samplerNames,
  }),
  otelSamplerRatio: {
    variable: "OTEL_TRACES_SAMPLER_ARG",
    default: 1,
    allowed: "a number from 0 to 1, such as 0.01",
    parse(text) {
      const ratio = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
      return ratio >= 0 && ratio <= 1 ? ratio : undefined;
    },
  } satisfies Setting<number>,
  otelScheduleDelayMs: milliseconds("OTEL_BSP_SCHEDULE_DELAY", 5000),
  otelMaxQueueSize: integer("OTEL_BSP_MAX_QUEUE_SIZE", { default: 2048, min: 1, max: maxSpans }),
  otelMaxBatchSize: integer("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", {
    default: 512,
    min: 1,
    max: maxSpans,
  }),
  otelExportTimeoutMs: milliseconds("OTEL_BSP_EXPORT_TIMEOUT", 30_000),
  otelDisabled: enumeration("OTEL_SDK_DISABLED", { default: "false", words: ["true", "false"] }),
  otelTracesExporter: enumeration("OTEL_TRACES_EXPORTER", {
    default: "otlp",
    words: ["otlp", "none"],
  }),
};
