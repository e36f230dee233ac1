/** One deploy in a process of its own, which a test kills. */

import { runDeploy } from "../../packages/worker/src/deploy/run-deploy.ts";
import { engineKinds } from "./container-engines.ts";
import { openEngineWorld } from "./deploy-engine.ts";

const [, , name, cluster = "", data = "", before = ""] = process.argv;
const engine = engineKinds.find((each) => each === name);
if (engine === undefined) throw new Error(`expected one of ${engineKinds.join(", ")}, found ${name}`);
const world = await openEngineWorld(engine, { cluster, data, before });
const volumes = [{ name: "gate", path: "/gate", readOnly: false }];
const end = await runDeploy(await world.deploy(world.work({ volumes })), "here");
console.error("a deploy that was to be killed ended:", end.report.failures);
