/** Files into a container: by an archive where the engine takes one, else by a shell in the container. */

import { FaultError } from "@haversack/base";
import { pack } from "tar-stream";
import type { ContainerFile } from "../container.ts";
import type { Runtime } from "../runtime.ts";
import { noContainer } from "../runtime-faults.ts";
import { absent, inspectContainer } from "./containers.ts";
import { type Engine, engineCall } from "./engine.ts";
import { execIn } from "./output.ts";

/** Its parents may be looked into by everybody; it is never there in parts. */
const writeScript = `set -e
umask 022
mkdir -p "$(dirname "$1")"
umask 077
cat > "$1.part"
chmod "$2" "$1.part"
mv "$1.part" "$1"`;

export function fileVerbs(engine: Engine): Pick<Runtime, "putFiles"> {
  return {
    async putFiles(id, files, signal) {
      const view = await inspectContainer(engine, id, signal);
      if (view === undefined) throw noContainer(id);
      if (view.state === "running") {
        for (const file of files) await writeInside(engine, id, file, signal);
      } else {
        await putArchive(engine, id, files, signal);
      }
    },
  };
}

/** As the file's owner: a container that has dropped its capabilities gives no file to anybody else. */
async function writeInside(
  engine: Engine,
  id: string,
  file: ContainerFile,
  signal: AbortSignal,
): Promise<void> {
  const mode = file.mode.toString(8).padStart(4, "0");
  const command = {
    argv: ["/bin/sh", "-c", writeScript, "sh", file.path, mode],
    user: `${file.uid}:${file.gid}`,
    outputMax: 2000,
  };
  const { exitCode, output } = await execIn(engine, { id, command, input: file.data }, signal);
  if (exitCode === 0) return;
  const said = Buffer.from(output).toString().trim();
  const message = `cannot write ${file.path} in the container as ${command.user}: exit code ${exitCode}: ${said}`;
  throw new FaultError("invalid", "file_refused", message);
}

/** Before its start: what lies in a mount or a memory file system is not there yet, and hides what is put below it. */
async function putArchive(
  engine: Engine,
  id: string,
  files: readonly ContainerFile[],
  signal: AbortSignal,
): Promise<void> {
  const archive = pack();
  for (const { path, data, mode, uid, gid } of files) {
    archive.entry({ name: path.replace(/^\/+/, ""), mode, uid, gid }, Buffer.from(data));
  }
  archive.finalize();
  await engineCall(
    "putting files into the container",
    signal,
    async () => {
      await engine.docker.getContainer(id).putArchive(archive, { path: "/", abortSignal: signal });
    },
    absent(id),
  );
}
