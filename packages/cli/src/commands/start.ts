import { Command } from "commander";
import type { Shell } from "../shell.ts";

export function startCommand(_shell: Shell): Command {
  return new Command("start");
}
