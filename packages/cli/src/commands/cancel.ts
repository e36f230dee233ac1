import { Command } from "commander";
import type { Shell } from "../shell.ts";

export function cancelCommand(_shell: Shell): Command {
  return new Command("cancel");
}
