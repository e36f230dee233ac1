/** What is measured, on the disk, so that processes of their own can read it: a library, its pack, its content. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, present } from "@haversack/base";
import {
  buildPins,
  type ExpectedPack,
  guardSnapshot,
  planSnapshots,
  problemText,
  readLibrary,
  type StepPlan,
} from "@haversack/snapshot";
import { agentName, type LibraryFiles, writeLibrary } from "./library.ts";

const stepId = "work";

export interface PackSizes {
  /** Bytes. */
  readonly compressed: number;
  readonly uncompressed: number;
}

/** Writes the library into `folder`, and what the product makes of it. */
export async function writeSpecimen(folder: string, files: LibraryFiles): Promise<PackSizes> {
  await mkdir(folder);
  await writeLibrary(join(folder, "library"), files);
  const pack = buildOne(await readPlans(folder));
  const { formatVersion, digest, compressedSize: compressed, uncompressedSize: uncompressed } = pack;
  const { raw } = guardSnapshot(pack.gzip, pack);
  await writeFile(join(folder, "pack.gz"), pack.gzip);
  await writeFile(join(folder, "content.json"), raw);
  const expected = { formatVersion, digest: Buffer.from(digest).toString("hex"), uncompressed };
  await writeFile(join(folder, "expected.json"), JSON.stringify(expected));
  return { compressed, uncompressed };
}

/** What a submission would pin, for one agent step: as the coordinator reads its library and plans. */
export async function readPlans(folder: string): Promise<ReadonlyMap<string, StepPlan>> {
  const library = await readLibrary(join(folder, "library"));
  const step = { id: stepId, kind: "agent", field: "steps[0]", line: 1, agent: { use: agentName } } as const;
  const dag = { name: "bench", file: "bench.yaml", steps: [step] };
  const { plans, problems } = await planSnapshots(dag, library);
  const all = [...library.problems, ...problems];
  if (all.length > 0) throw new FaultError("bug", "bench_library", all.map(problemText).join("\n"));
  return plans;
}

/** The pack of the one step, or a fault. */
export function buildOne(plans: ReadonlyMap<string, StepPlan>) {
  const { packs, problems } = buildPins(plans);
  if (problems.length > 0) throw new FaultError("bug", "bench_pack", problems.map(problemText).join("\n"));
  return present(packs.get(stepId), "the pack of the step");
}

export const readContent = (folder: string): Promise<Buffer> => readFile(join(folder, "content.json"));

export interface SpecimenPack {
  readonly gzip: Uint8Array;
  readonly expected: ExpectedPack;
}

export async function readPack(folder: string): Promise<SpecimenPack> {
  const gzip = new Uint8Array(await readFile(join(folder, "pack.gz")));
  const { formatVersion, digest, uncompressed } = JSON.parse(
    await readFile(join(folder, "expected.json"), "utf8"),
  ) as { formatVersion: number; digest: string; uncompressed: number };
  return {
    gzip,
    expected: {
      formatVersion,
      digest: new Uint8Array(Buffer.from(digest, "hex")),
      compressedSize: gzip.length,
      uncompressedSize: uncompressed,
    },
  };
}
