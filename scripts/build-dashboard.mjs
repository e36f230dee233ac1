// `npm run dashboard:build`: the web page, whatever was there before. A coordinator that runs shows it after a restart.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDashboard } from "./bootstrap/dashboard.mjs";
import { chooseNode } from "./bootstrap/runtime.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await buildDashboard(root, chooseNode(root), { anew: true });
