import { dagBytesMax, dagValuesMax } from "@haversack/protocol";
import { parseYaml } from "@haversack/snapshot";

/**
 * The keys of a DAG file, for what is decided on this side of the wire. What is no DAG has none: the coordinator will say
 * why.
 *
 * @param word only a text that has it is read: a large file takes its time
 */
export function dagRoot(dag: string, word: string): Readonly<Record<string, unknown>> {
  if (!dag.includes(word)) return {};
  const { value } = parseYaml(dag, 0, { bytesMax: dagBytesMax, valuesMax: dagValuesMax });
  return typeof value === "object" && value !== null ? { ...value } : {};
}
