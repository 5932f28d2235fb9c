/** Programs of ours as a user runs them: a process of its own, without a terminal. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves once the process has ended and all of its output is here. */
  readonly ended: Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Resolves once the standard output, or error, holds the text; fails if the process ends without it. */
  waitFor(stream: 'stdout' | 'stderr', text: string): Promise<void>;
}

/** @param given variables beside, or instead of, those of this process */
export function runProgram(
  script: string,
  args: readonly string[] = [],
  given: Readonly<Record<string, string>> = {},
): Program {
  // Test runners ask for colours; this program was not asked for any.
  const { FORCE_COLOR: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(ROOT, script), ...args], {
    cwd: ROOT,
    env: { ...env, ...given },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      for (const look of waiting) look();
    });
  }
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }));
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    async waitFor(stream, text) {
      const found = new Promise<true>((resolve) => {
        const look = () => output[stream].includes(text) && resolve(true);
        waiting.add(look);
        look();
      });
      if ((await Promise.race([found, ended])) === true) return;
      throw new Error(`${script} ended without "${text}": ${output.stdout}${output.stderr}`);
    },
  };
}

/** Processes that the given one has started, and those that they have. */
export function listDescendants(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const processes = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const childrenOf = (parent: number): number[] =>
    processes.filter(([, ppid]) => ppid === parent).flatMap(([child]) => [child, ...childrenOf(child)]);
  return childrenOf(pid);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
