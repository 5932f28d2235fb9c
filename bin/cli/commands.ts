/** All commands, in the order of the help. */
import { audit } from './audit.ts';
import type { Command } from './command.ts';
import { completionOf } from './completion.ts';
import { explain } from './explain.ts';
import { history } from './history.ts';
import { protect, unprotect } from './marks.ts';
import { redrive } from './redrive.ts';
import { rm, undelete } from './removal.ts';
import { status } from './status.ts';
import { sweep } from './sweep.ts';
import { exportFile, importFiles } from './transfer.ts';
import { wait } from './wait.ts';

export const COMMANDS: readonly Command[] = [
  status,
  explain,
  rm,
  undelete,
  wait,
  history,
  protect,
  unprotect,
  audit,
  sweep,
  redrive,
  importFiles,
  exportFile,
  completionOf(() => COMMANDS),
];
