import { expect, test } from "vitest";
import { traceSettings } from "./settings.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
const of = (env: NodeJS.ProcessEnv) => traceSettings(env, "haversack-test");

test("without an address there are no traces, and with one there are", () => {
  expect(of({})).toBeUndefined();
  expect(of({ OTEL_EXPORTER_OTLP_ENDPOINT: " " })).toBeUndefined();
  expect(of(endpoint)).toEqual({
    serviceName: "haversack-test",
    sampler: "parentbased_always_on",
    ratio: 1,
    refused: undefined,
    remarks: [],
  });
  expect(of({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces" })).toBeDefined();
});

test.each([{ OTEL_SDK_DISABLED: "true" }, { OTEL_SDK_DISABLED: "TRUE" }, { OTEL_TRACES_EXPORTER: "none" }])(
  "%j turns them off",
  (env) => {
    expect(of({ ...endpoint, ...env })).toBeUndefined();
  },
);

test.each(["nonsense", "127.0.0.1:4318", "grpc://a:1"])(
  "%s is no address, and its text is not told",
  (text) => {
    const refused = of({ OTEL_EXPORTER_OTLP_ENDPOINT: text })?.refused;
    expect(refused).toBe("OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL such as http://127.0.0.1:4318");
  },
);

test("a sampler with its share", () => {
  const asked = { ...endpoint, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" };
  expect(of(asked)).toMatchObject({ sampler: "traceidratio", ratio: 0.25, remarks: [] });
});

test("a value that means nothing is left out and told, the work is not refused", () => {
  const asked = {
    ...endpoint,
    OTEL_TRACES_SAMPLER: "sometimes_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "2",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
  };
  const settings = of(asked);
  expect(settings).toMatchObject({ sampler: "parentbased_always_on", ratio: 1 });
  expect(settings?.remarks.map((remark) => remark.split(":")[0])).toEqual([
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
  ]);
});
