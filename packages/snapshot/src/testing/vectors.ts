/**
 * The golden vector of a released format version: `vectors/v1/` holds a library, the DAG that is planned, the canonical
 * content, its digest and the gzip bytes. Run as a program it writes them anew, which a released version never needs.
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { addMemory, buildPin } from "../build/builder.ts";
import type { Pack } from "../build/pack.ts";
import { digestName } from "../format/digest.ts";
import { guardSnapshot } from "../guard.ts";
import { readLibrary } from "../library/read-library.ts";
import { planSnapshots } from "../plan/plan.ts";
import type { PlannableDag } from "../plan/plannable.ts";

const vectorFolder = join(import.meta.dirname, "../../vectors/v1");

const dag: PlannableDag = {
  name: "nightly-release",
  file: "nightly-release.yaml",
  steps: [{ id: "notes", kind: "agent", field: "steps[0]", line: 1, agent: { use: "release-writer" } }],
};

/** The final pack of the vector's one step. */
export async function buildVector(): Promise<Pack> {
  const library = await readLibrary(join(vectorFolder, "agents"), { label: "agents" });
  const { plans, problems } = await planSnapshots(dag, library);
  const plan = plans.get("notes");
  if (plan === undefined) throw new Error(JSON.stringify(problems));
  const { global, dags } = library.memory;
  const own = dags.get(dag.name);
  return addMemory(buildPin(plan).gzip, { global, ...(own && { dag: own }) });
}

export async function readVector() {
  return {
    json: await readFile(join(vectorFolder, "content.json")),
    digest: (await readFile(join(vectorFolder, "digest.txt"), "utf8")).trim(),
    gzip: await readFile(join(vectorFolder, "pack.gz")),
  };
}

if (import.meta.main) {
  const pack = await buildVector();
  await writeFile(join(vectorFolder, "content.json"), guardSnapshot(pack.gzip, pack).raw);
  await writeFile(join(vectorFolder, "digest.txt"), `${digestName(pack.digest)}\n`);
  await writeFile(join(vectorFolder, "pack.gz"), pack.gzip);
}
