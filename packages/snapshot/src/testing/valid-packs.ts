/** Packs that every reader accepts. */

import { crc32 } from "node:zlib";
import { gzipSync } from "fflate";
import type { StepPlan } from "../plan/plannable.ts";
import { sampleModels, samplePlan, sampleSkill } from "./sample.ts";
import { around, contentOf, member, packed, smallPlan, type VectorPack } from "./vector-packs.ts";

/** Keys whose order by UTF-16 code unit is not that of their code points, escapes, and numbers near their bounds. */
const spellingPlan: StepPlan = {
  ...smallPlan,
  models: sampleModels
    .filter(({ id }) => id === "local")
    .map((model) => ({
      ...model,
      providerOptions: {
        "\u{10000}": "first of the two",
        "\uffee": "second of the two",
        "": 'empty key, "quotes", \\ and /',
        escapes: "\b\t\n\f\r\u0000\u001f\u007f\u0085\u2028\u2029é日本",
        numbers: [0, -1, 0.1, -0.5, 1e-6, 0.000123, 4.35, 1.7976931348623157, 2 ** 53 - 1, -(2 ** 53 - 1)],
      },
    })),
};

const pathsPlan: StepPlan = {
  ...samplePlan,
  skills: [
    {
      ...sampleSkill,
      files: [
        { path: "SKILL.md", mode: "0644", text: "" },
        { path: "a.b", mode: "0644", text: "\ufeffa byte order mark is text\r\n" },
        { path: "a/b", mode: "0755", text: "#!/bin/sh\n" },
        { path: "empty", mode: "0644", text: "" },
        { path: "é日本.txt", mode: "0644", text: "path in normal form C" },
        { path: "ﬁn-\u{1f600}", mode: "0644", base64: "gA==" },
      ],
    },
  ],
};

export function validPacks(): VectorPack[] {
  const full = contentOf(samplePlan, true);
  const stored = gzipSync(full, { mtime: 0, level: 0 });
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 2, 255);
  const handMade = member(full, { header, crc: crc32(full) });
  const cases = [
    ["smallest", "nothing but one model", packed(contentOf(smallPlan))],
    ["pin", "as stored at submission: no memory", packed(contentOf(samplePlan))],
    ["full", "all sections, memory included", packed(full)],
    ["spelling", "order of keys, escapes and numbers", packed(contentOf(spellingPlan))],
    ["paths", "order of paths, an empty file, binary content", packed(contentOf(pathsPlan))],
    ["stored", "the content of `full`, not compressed: another file, the same digest", around(full, stored)],
    ["header", "time, level and system byte of the header are free", around(full, handMade)],
  ] as const;
  return cases.map(([name, why, pack]) => ({ name, outcome: "valid", why, ...pack }));
}
