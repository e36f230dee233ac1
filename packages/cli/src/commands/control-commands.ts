/** What people do to runs: end them, hold them up, answer what they ask, do again what failed. */

import { answerCommand } from "./answer.ts";
import { approvalsCommand } from "./approvals.ts";
import { cancelCommand } from "./cancel.ts";
import { pauseCommand, resumeCommand } from "./pause.ts";
import { retryCommand } from "./retry.ts";

export const controlCommands = [
  retryCommand,
  cancelCommand,
  pauseCommand,
  resumeCommand,
  approvalsCommand,
  answerCommand,
];
