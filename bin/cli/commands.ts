/** All commands, in the order of the help. */
import type { Command } from './command.ts';
import { audit } from './commands/audit.ts';
import { completionOf } from './commands/completion.ts';
import { describe } from './commands/describe.ts';
import { explain } from './commands/explain.ts';
import { graph } from './commands/graph.ts';
import { history } from './commands/history.ts';
import { lifecycle } from './commands/lifecycle.ts';
import { local } from './commands/local.ts';
import { ls } from './commands/ls.ts';
import { protect, unprotect } from './commands/marks.ts';
import { redrive } from './commands/redrive.ts';
import { rm, undelete } from './commands/removal.ts';
import { selftest } from './commands/selftest.ts';
import { status } from './commands/status.ts';
import { sweep } from './commands/sweep.ts';
import { exportFile, importFiles } from './commands/transfer.ts';
import { ui } from './commands/ui.ts';
import { wait } from './commands/wait.ts';

export const COMMANDS: readonly Command[] = [
  status,
  ls,
  explain,
  describe,
  graph,
  history,
  wait,
  ui,
  rm,
  undelete,
  protect,
  unprotect,
  audit,
  selftest,
  sweep,
  redrive,
  importFiles,
  exportFile,
  lifecycle,
  local,
  completionOf(() => COMMANDS),
];
