/** `haversack agents`: an agent library on this machine; no coordinator is asked. */

import { Command } from "commander";
import type { Shell } from "../shell.ts";
import { agentsListCommand } from "./agents-list.ts";
import { agentsValidateCommand } from "./agents-validate.ts";

export function agentsCommand(shell: Shell): Command {
  return new Command("agents")
    .description("look into an agent library and check it")
    .addCommand(agentsValidateCommand(shell))
    .addCommand(agentsListCommand(shell));
}
