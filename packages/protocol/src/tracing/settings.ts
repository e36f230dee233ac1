/** What the variables of OpenTelemetry ask for. A value that means nothing is left out and told, as their standard wants. */

export interface TraceSettings {
  /** Of this process, where `OTEL_SERVICE_NAME` does not say otherwise. */
  readonly serviceName: string;
  readonly sampler: (typeof samplers)[number];
  /** Of the samplers with `traceidratio`: from 0 to 1. */
  readonly ratio: number;
  /** Why there can be no traces although they are asked for; undefined: there can. */
  readonly refused: string | undefined;
  /** What was left out, and why. */
  readonly remarks: readonly string[];
}

const samplers = [
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
  "always_on",
  "always_off",
  "traceidratio",
] as const;
const protocol = "http/protobuf";

/** Undefined: no traces are asked for, and nothing of what makes them is loaded. */
export function traceSettings(env: NodeJS.ProcessEnv, serviceName: string): TraceSettings | undefined {
  const read = (name: string): string => env[name]?.trim() ?? "";
  if (read("OTEL_SDK_DISABLED").toLowerCase() === "true") return undefined;
  if (read("OTEL_TRACES_EXPORTER") === "none") return undefined;
  const endpointName = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"].find(
    (name) => read(name) !== "",
  );
  if (endpointName === undefined) return undefined;
  const isAddress = /^https?:$/.test(URL.parse(read(endpointName))?.protocol ?? "");
  // The libraries would send them to the usual port of this machine. The value may hold a password.
  const refused = isAddress ? undefined : `${endpointName}: expected a URL such as http://127.0.0.1:4318`;
  const remarks: string[] = [];
  const remark = (name: string, expected: string, taken: string): void => {
    remarks.push(`${name}: expected ${expected}, found ${JSON.stringify(read(name))}; taken as ${taken}`);
  };
  const asked = read("OTEL_TRACES_SAMPLER");
  const sampler = samplers.find((known) => known === (asked || samplers[0]));
  if (sampler === undefined) remark("OTEL_TRACES_SAMPLER", samplers.join(", "), samplers[0]);
  const ratioText = read("OTEL_TRACES_SAMPLER_ARG") || "1";
  const ratio = /^\d*\.?\d+$/.test(ratioText) ? Number(ratioText) : Number.NaN;
  const isRatio = ratio >= 0 && ratio <= 1;
  if (!isRatio && asked.includes("traceidratio"))
    remark("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1", "1");
  const protocolName = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"].find(
    (name) => read(name) !== "",
  );
  if (protocolName !== undefined && read(protocolName) !== protocol) remark(protocolName, protocol, protocol);
  return { serviceName, sampler: sampler ?? samplers[0], ratio: isRatio ? ratio : 1, refused, remarks };
}
