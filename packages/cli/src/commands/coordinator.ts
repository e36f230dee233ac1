import { resolve } from "node:path";
import { Command, Option } from "commander";
import { dataFolderName } from "../connect.ts";
import { exitCodes } from "../exit-codes.ts";
import { duration, given, retentionOption } from "../options.ts";
import { openCoordinator, stopInOrder, tellStop, untilInterrupted } from "../serve.ts";
import type { Shell } from "../shell.ts";
import { type ImageOptions, imagesAsked, withImages } from "./image-options.ts";
import { type ListenerOptions, listenersAsked, withListeners } from "./listener-options.ts";

interface CoordinatorOptions extends ListenerOptions, ImageOptions {
  readonly data: string;
  readonly store?: string;
  readonly listen?: string;
  readonly agents?: string;
  readonly model?: string;
  readonly leaseTtl?: number;
  readonly retention?: string;
  readonly grace?: number;
  readonly vault?: string;
}

const examples = `
Writes coordinator.json, admin.token and worker.token into the data folder: the other commands find it by them.

A run is forgotten some time after its end, with its logs, artifacts and snapshots that no other run names;
\`haversack snapshot keep\` keeps a snapshot.

Examples:
  $ haversack coordinator
  $ haversack coordinator --data /var/lib/haversack --listen 127.0.0.1:7420 --agents ./agents
  $ haversack coordinator --retention 90d
  $ haversack coordinator --listen 0.0.0.0:7420 --tls auto --tls-name ci.example --listen-workers 0.0.0.0:7421

Ctrl-C ends it in good order; a second one at once. Its log (JSON lines) goes to standard error: HAVERSACK_LOG=debug.`;

export function coordinatorCommand(shell: Shell): Command {
  return withImages(withListeners(new Command("coordinator")))
    .description("run a coordinator in this terminal until Ctrl-C")
    .addOption(new Option("--data <dir>", "data folder").default(dataFolderName).env("HAVERSACK_DATA"))
    .addOption(
      new Option("--store <url>", "postgres://… in place of the embedded database").env("HAVERSACK_STORE"),
    )
    .addOption(
      new Option("--listen <host:port>", "where to listen (0: any free port)").env("HAVERSACK_LISTEN"),
    )
    .addOption(new Option("--agents <dir>", "agent library").env("HAVERSACK_AGENTS"))
    .addOption(new Option("--model <id>", "default model, in place of the library's").env("HAVERSACK_MODEL"))
    .addOption(
      new Option("--vault <dir>", "folder of the secrets (default: vault in the data folder)").env(
        "HAVERSACK_VAULT",
      ),
    )
    .addOption(new Option("--lease-ttl <duration>", "time until a silent worker is lost").argParser(duration))
    .addOption(retentionOption())
    .addOption(new Option("--grace <duration>", "for tests").argParser(duration).hideHelp())
    .addHelpText("after", examples)
    .action(shell.does((options: CoordinatorOptions) => serve(options, shell)));
}

async function serve(options: CoordinatorOptions, shell: Shell): Promise<0> {
  const { outside } = shell;
  const dataDir = resolve(outside.cwd, options.data);
  const agentsDir = options.agents === undefined ? undefined : resolve(outside.cwd, options.agents);
  const vault = options.vault === undefined ? undefined : resolve(outside.cwd, options.vault);
  const { store, listen, model, leaseTtl: leaseTtlMs, retention, grace: graceMs } = options;
  const asked = {
    dataDir,
    ...given({ store, listen, agentsDir, model, vault, leaseTtlMs, retention, graceMs }),
  };
  const coordinator = await openCoordinator(
    { ...asked, ...listenersAsked(options), ...imagesAsked(options, outside.cwd) },
    outside,
  );
  try {
    shell.out(`coordinator listening on ${coordinator.url}, data in ${dataDir}\n`);
    await untilInterrupted([coordinator], outside);
  } finally {
    const first =
      "stopping: calls that are under way may end, for a few seconds. Another Ctrl-C or SIGTERM ends them";
    tellStop(first, "stopping at once", outside, (text) => shell.note(text));
    await stopInOrder(coordinator, "drain", outside);
  }
  return exitCodes.ok;
}
