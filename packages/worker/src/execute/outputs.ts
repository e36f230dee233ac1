/**
 * The file that `HAVERSACK_OUTPUT` names: one `name=value` a line, or, for a value of several lines,
 * `name<<WORD`, the lines, and `WORD` alone. The last one of a name wins, so a script may append as it goes.
 */

import { FaultError } from "@haversack/base";

export const outputLimits = { valueBytesMax: 65_536, bytesMax: 1_048_576, countMax: 256 } as const;

const linePattern = /^([A-Za-z_][A-Za-z0-9_-]{0,63})(=|<<)(.*)$/s;
// Such a key would change an object instead of adding to it, wherever the outputs become one.
const reserved = new Set(["__proto__", "constructor", "prototype"]);

/** Throws `output_invalid` or `output_too_large`; messages name the line and the output. */
export function parseOutputs(bytes: Uint8Array): Map<string, string> {
  if (bytes.length > outputLimits.bytesMax) throw tooLarge("the outputs together", outputLimits.bytesMax);
  const lines = decode(bytes).split("\n");
  const outputs = new Map<string, string>();
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line === "") continue;
    const [, name = "", operator, rest = ""] = linePattern.exec(line) ?? [];
    if (name === "" || reserved.has(name)) throw invalid(index, "expected name=value or name<<WORD");
    if (operator === "=") {
      keep(outputs, name, rest);
      continue;
    }
    const end = rest === "" ? -1 : lines.indexOf(rest, index + 1);
    if (end < 0) throw invalid(index, `the output "${name}" has no closing line ${JSON.stringify(rest)}`);
    keep(outputs, name, lines.slice(index + 1, end).join("\n"));
    index = end;
  }
  return outputs;
}

function keep(outputs: Map<string, string>, name: string, value: string): void {
  if (Buffer.byteLength(value) > outputLimits.valueBytesMax) {
    throw tooLarge(`the output "${name}"`, outputLimits.valueBytesMax);
  }
  outputs.set(name, value);
  if (outputs.size > outputLimits.countMax) {
    throw new FaultError("invalid", "output_too_large", `more than ${outputLimits.countMax} outputs`);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FaultError("invalid", "output_invalid", "the output file is not UTF-8 text", { cause });
  }
}

function invalid(index: number, problem: string): FaultError {
  return new FaultError("invalid", "output_invalid", `the output file, line ${index + 1}: ${problem}`);
}

function tooLarge(what: string, bytesMax: number): FaultError {
  return new FaultError(
    "invalid",
    "output_too_large",
    `${what} may have at most ${bytesMax} bytes; use an artifact for more`,
  );
}
