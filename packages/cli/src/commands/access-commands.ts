/** Who may do what, and who did what. */

import { auditCommand } from "./audit.ts";
import { tokenCommand } from "./token.ts";

export const accessCommands = [tokenCommand, auditCommand];
