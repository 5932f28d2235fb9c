/** A child process that ends with its parent, even when the parent is killed with SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PROCESS_STOP_TIMEOUT_MILLIS } from './limits.ts';

/**
 * The shell leaves a watcher behind that reads the parent's pipe, then becomes the command itself. However the parent ends, the
 * pipe is closed, and the watcher kills the command. If the command ends first, the parent closes the pipe and the watcher ends.
 */
const WATCHED = 'exec 3<&0 </dev/null; (cat <&3 >/dev/null 2>&1; kill -9 $$) >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** In a process group of its own: a Ctrl-C in the terminal must reach this process alone, which then stops things in order. */
export function spawnWatched(command: string, args: readonly string[]): ChildProcess {
  if (process.platform === 'win32') return spawn(command, args, { stdio: 'pipe', windowsHide: true });
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', command, ...args], { stdio: 'pipe', detached: true });
  child.stdin?.on('error', () => {});
  child.once('exit', () => child.stdin?.destroy());
  return child;
}

export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Asks the process to end, then kills it. Resolves once it is gone. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), PROCESS_STOP_TIMEOUT_MILLIS);
  await endProcess(child, 'SIGTERM');
  clearTimeout(timer);
}

/** Resolves once it is gone. */
export const killProcess = (child: ChildProcess): Promise<void> => endProcess(child, 'SIGKILL');
