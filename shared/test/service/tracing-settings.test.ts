import { describe, expect, test } from "bun:test";
import { ConfigError, readConfig } from "../../src/service/env.ts";
import { tracesUrl } from "../../src/service/tracing.ts";
import { tracingSettings } from "../../src/service/tracing-settings.ts";

const read = (environment: Record<string, string>) => readConfig(tracingSettings, environment);

/** The lines for the operator. */
function messagesOf(environment: Record<string, string>): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.messages;
    throw error;
  }
}

const OTLP = "OTEL_EXPORTER_OTLP";
const endpoint = "http://collector:4318";

describe("the endpoint", () => {
  test.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ ENDPOINT: endpoint }, `${endpoint}/v1/traces`],
    [{ ENDPOINT: `${endpoint}/` }, `${endpoint}/v1/traces`],
    [{ ENDPOINT: `${endpoint}/otlp` }, `${endpoint}/otlp/v1/traces`],
    [{ ENDPOINT: `${endpoint}/otlp/` }, `${endpoint}/otlp/v1/traces`],
    [{ ENDPOINT: `${endpoint}?token=a` }, `${endpoint}/v1/traces?token=a`],
    [{ TRACES_ENDPOINT: `${endpoint}/spans/` }, `${endpoint}/spans/`],
    [{ TRACES_ENDPOINT: endpoint }, `${endpoint}/`],
    [{ ENDPOINT: "http://metrics", TRACES_ENDPOINT: `${endpoint}/x` }, `${endpoint}/x`],
  ])("of %p is %p", (given, expected) => {
    const environment = Object.entries(given).map(([name, value]) => [`${OTLP}_${name}`, value]);
    expect(tracesUrl(read(Object.fromEntries(environment)))).toBe(expected);
  });

  test.each([
    ["OTEL_SDK_DISABLED", "true"],
    ["OTEL_SDK_DISABLED", "TRUE"],
    ["OTEL_TRACES_EXPORTER", "none"],
  ])("is not used with %s=%s", (variable, value) => {
    expect(tracesUrl(read({ [`${OTLP}_ENDPOINT`]: endpoint, [variable]: value }))).toBeUndefined();
  });

  test.each(["collector:4318", "ftp://a", "http://u:secret@a", "http://a/#x", "http://"])(
    "is not %s",
    (value) => {
      for (const variable of [`${OTLP}_ENDPOINT`, `${OTLP}_TRACES_ENDPOINT`]) {
        expect(messagesOf({ [variable]: value })).toEqual([
          `Cannot use ${variable}: it must be an http or https URL without credentials or ` +
            "fragment, such as http://collector:4318",
        ]);
      }
    },
  );
});

describe("header fields", () => {
  const variable = `${OTLP}_HEADERS`;

  test("are names and values, with percent-encoding in the values", () => {
    const text = "api-key=a%2Cb=, x-tenant = 1 ,,Authorization=Basic%20YWxpY2U6";
    expect(read({ [variable]: text }).otlpHeaders).toEqual({
      "api-key": "a,b=",
      "x-tenant": "1",
      Authorization: "Basic YWxpY2U6",
    });
  });

  test.each([
    "secret",
    "=secret",
    "a=secret,b",
    "a=secret%",
    "a b=secret",
    "a=secret%0Ax",
    "ä=secret",
  ])("are not %p, which the error does not show", (text) => {
    for (const name of [variable, `${OTLP}_TRACES_HEADERS`]) {
      expect(messagesOf({ [name]: text })).toEqual([
        `Cannot use ${name}: it must be a comma-separated list of name=value, with ` +
          "percent-encoding in the values",
      ]);
    }
  });
});

describe("resource attributes", () => {
  test("are names and values, with percent-encoding in the values", () => {
    const text = "service.namespace=shop,k8s.pod.name=a%20b";
    expect(read({ OTEL_RESOURCE_ATTRIBUTES: text }).otelResourceAttributes).toEqual({
      "service.namespace": "shop",
      "k8s.pod.name": "a b",
    });
  });

  test("are shown where they are wrong", () => {
    expect(messagesOf({ OTEL_RESOURCE_ATTRIBUTES: "a=%zz" })).toEqual([
      'Cannot use OTEL_RESOURCE_ATTRIBUTES "a=%zz": it must be a comma-separated list of ' +
        "name=value, with percent-encoding in the values",
    ]);
  });
});

describe("other variables", () => {
  test.each([
    ["0", 0],
    ["1", 1],
    ["1.0", 1],
    ["0.25", 0.25],
    [".5", 0.5],
  ])("take %s for the ratio of the sampler", (text, ratio) => {
    expect(read({ OTEL_TRACES_SAMPLER_ARG: text }).otelSamplerRatio).toBe(ratio);
  });

  test.each([
    ["OTEL_TRACES_SAMPLER_ARG", "1.5", "a number from 0 to 1, such as 0.01"],
    ["OTEL_TRACES_SAMPLER_ARG", "1%", "a number from 0 to 1, such as 0.01"],
    ["OTEL_TRACES_SAMPLER_ARG", "-0", "a number from 0 to 1, such as 0.01"],
    [
      "OTEL_TRACES_SAMPLER",
      "ratio",
      "one of always_on, always_off, traceidratio, parentbased_always_on, " +
        "parentbased_always_off, parentbased_traceidratio",
    ],
    ["OTEL_SDK_DISABLED", "yes", "one of true, false"],
    ["OTEL_TRACES_EXPORTER", "zipkin", "one of otlp, none"],
    ["OTEL_BSP_SCHEDULE_DELAY", "0", "a whole number from 1 to 3600000"],
    ["OTEL_BSP_EXPORT_TIMEOUT", "5s", "a whole number from 1 to 3600000"],
    ["OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number from 1 to 100000"],
    ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100001", "a whole number from 1 to 100000"],
    [`${OTLP}_TIMEOUT`, "-1", "a whole number from 1 to 3600000"],
    [`${OTLP}_TRACES_TIMEOUT`, "x", "a whole number from 1 to 3600000"],
    [`${OTLP}_PROTOCOL`, "http", "one of http/json, http/protobuf"],
    [
      `${OTLP}_TRACES_PROTOCOL`,
      "grpc",
      "one of http/json, http/protobuf; name the collector's port of OTLP over HTTP, mostly 4318",
    ],
  ])("say of %s=%s what is allowed", (variable, value, allowed) => {
    expect(messagesOf({ [variable]: value })).toEqual([
      `Cannot use ${variable} ${JSON.stringify(value)}: it must be ${allowed}`,
    ]);
  });

  test("have the defaults of OpenTelemetry, but for the endpoint", () => {
    expect(read({})).toEqual({
      otelDisabled: "false",
      otelTracesExporter: "otlp",
      otlpEndpoint: undefined,
      otlpTracesEndpoint: undefined,
      otlpProtocol: undefined,
      otlpTracesProtocol: undefined,
      otlpHeaders: undefined,
      otlpTracesHeaders: undefined,
      otlpTimeoutMs: 10_000,
      otlpTracesTimeoutMs: undefined,
      otelServiceName: undefined,
      otelResourceAttributes: undefined,
      otelTracesSampler: "parentbased_always_on",
      otelSamplerRatio: 1,
      otelScheduleDelayMs: 5000,
      otelMaxQueueSize: 2048,
      otelMaxBatchSize: 512,
      otelExportTimeoutMs: 30_000,
    });
  });
});
