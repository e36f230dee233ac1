/** What a container writes, line by line, safe for a terminal. */

import type { HaversackClient } from "@haversack/protocol";
import { printable, printableInColour } from "../print/printable.ts";
import type { Shell } from "../shell.ts";

/** Of a line that does not end. */
const lineCharactersMax = 64 * 1024;

export async function writeDeploymentLog(
  client: HaversackClient,
  name: string,
  { follow, tail = 0 }: { readonly follow: boolean; readonly tail?: number },
  shell: Shell,
): Promise<void> {
  const { terminal, stopping } = shell.outside;
  const shown = terminal.colours ? printableInColour : printable;
  const decoder = new TextDecoder();
  let rest = "";
  const take = (text: string): void => {
    const lines = `${rest}${text}`.split(/\r?\n/);
    rest = lines.pop() ?? "";
    if (rest.length > lineCharactersMax) lines.push(rest);
    if (rest.length > lineCharactersMax) rest = "";
    for (const line of lines) shell.out(`${shown(line)}\n`);
  };
  for await (const data of client.deploymentLog(name, { follow, tail }, stopping))
    take(decoder.decode(data, { stream: true }));
  take(decoder.decode());
  if (rest !== "") shell.out(`${shown(rest)}\n`);
}
