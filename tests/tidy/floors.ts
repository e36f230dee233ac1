/** The floors, lowest first. Folders and files on one floor do not import each other. */

export const packageFloors: Readonly<Record<string, number>> = {
  base: 0,
  protocol: 1,
  snapshot: 2,
  coordinator: 3,
  worker: 3,
  cli: 4,
  dashboard: 4,
};

/** A name is a folder of `src`, a file of `src` without its ending, or a single file of a folder as `folder/file`. */
const inside: Readonly<Record<string, readonly (readonly string[])[]>> = {
  protocol: [
    ["limits", "model", "gen"],
    ["wire", "tracing"],
    ["services"],
    ["calls", "client-transport"],
    ["client-whole-run"],
    [
      "client-access",
      "client-approvals",
      "client-dags",
      "client-deployments",
      "client-enrollment",
      "client-images",
      "client-memory",
      "client-placement",
      "client-runs",
      "client-secrets",
      "client-snapshots",
    ],
    ["client-fleet"],
    ["client"],
    ["index", "index-for-store", "index-for-browser"],
  ],
  snapshot: [
    ["errors"],
    ["limits"],
    ["format"],
    ["inflate"],
    ["guard"],
    ["plan/problem", "plan/settings", "build/scan-secrets"],
    ["memory"],
    ["library"],
    ["plan"],
    ["stores"],
    ["build"],
    ["check", "diff", "inspect"],
    ["index", "index-for-store"],
  ],
  coordinator: [
    ["version", "limits"],
    ["runs", "blobs", "memory", "secrets"],
    ["dag", "auth"],
    ["journal", "store"],
    ["leadership", "identity"],
    ["library", "watch"],
    ["children", "dispatch", "retention", "schedule"],
    ["deployments", "images"],
    ["health", "relay"],
    ["api", "http", "maintenance"],
    ["config"],
    ["serving", "containers"],
    ["coordinator"],
    ["index"],
  ],
  worker: [
    ["version", "limits", "config", "mask"],
    ["identity"],
    // The seams: what runs an attempt, and where its logs and result go.
    ["execute/executor", "session/uplink"],
    // What commands and the tools of an agent share: processes and their output.
    ["execute/log-pump", "execute/process-table"],
    ["execute/end-processes"],
    ["execute/process-tree"],
    ["spool"],
    ["session"],
    ["hydrate"],
    ["agent", "runtime"],
    ["images"],
    ["deploy"],
    ["execute"],
    ["health", "probe-host"],
    ["worker"],
    ["index"],
  ],
  dashboard: [["store"], ["api"], ["parts"], ["views"], ["main"]],
  cli: [
    ["outside", "exit-codes", "version", "rehearsal", "convert"],
    ["follow", "memory"],
    ["print"],
    ["connect", "save-whole", "run-ref", "options", "open-log", "traced-call"],
    ["shell", "serve"],
    ["tell-run", "start", "doctor"],
    ["commands"],
    ["program", "testing"],
    ["main", "index"],
    ["haversack"],
  ],
};

export interface Floor {
  readonly name: string;
  readonly floor: number;
}

/** Undefined: the file is in no list, so it has to be put into one. Files of `base` all share one floor. */
export function floorOf(path: string): Floor | undefined {
  const [, pkg = "", , ...rest] = path.replace(/(\.test)?\.(tsx?|mjs)$/, "").split("/");
  if (pkg === "base") return { name: "base", floor: 0 };
  // Tests stand above everything that they try out, on what they share.
  if (path.endsWith(".test.ts")) return { name: path, floor: 101 };
  if (rest[0] === "testing") return { name: "testing", floor: 100 };
  const floors = inside[pkg] ?? [];
  for (const name of [rest.slice(0, 2).join("/"), rest[0] ?? ""]) {
    const floor = floors.findIndex((names) => names.includes(name));
    if (floor >= 0) return { name, floor };
  }
  return undefined;
}
