/** What a command takes in requests and memory: the real one, in a process of its own, against tables that are made up. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forTables } from '../support/swarmkit.ts';
import type { World } from './table-server.ts';

export interface OperatorCost {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly requests: number;
  /** The most that the process has held. */
  readonly megabytes: number;
}

const ROOT = join(import.meta.dirname, '..', '..');
/** What JavaScript may hold: the rest of 400 MB is Node.js itself and what is on its way. */
export const HEAP_MEGABYTES = 300;
/**
 * The young generation is beside it: three times as much. By default V8 takes for it what it likes, so that the same audit held from 340
 * to 420 MB, where it needs 260.
 */
const YOUNG_MEGABYTES = 8;

/** Services, networks and attachments, and twice as many tasks. */
export function worldOf(objects: number, more: Partial<World> = {}): World {
  const services = objects / 5;
  return { services, networks: services, marked: 0, faults: 0, receipts: 0, isEmpty: false, ...more };
}

export async function measureOperator(world: World, args: readonly string[]): Promise<OperatorCost> {
  const folder = mkdtempSync(join(tmpdir(), 'operator-'));
  const server = fork(join(import.meta.dirname, 'table-server.ts'), [JSON.stringify(world)]);
  try {
    const [port] = (await once(server, 'message')) as [number];
    const config = join(folder, 'config.json');
    const memory = join(folder, 'memory');
    const connection = {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      accessKeyId: 'b',
      secretAccessKey: 'b',
    };
    writeFileSync(config, JSON.stringify({ ...connection, tables: forTables((name) => name) }));
    const limits = [`--max-old-space-size=${HEAP_MEGABYTES}`, `--max-semi-space-size=${YOUNG_MEGABYTES}`];
    const node = [...limits, '--import', join(ROOT, 'test/bench/memory-report.ts')];
    const ended = await new Promise<Pick<OperatorCost, 'status' | 'stdout' | 'stderr'>>((resolve) => {
      execFile(
        process.execPath,
        [...node, join(ROOT, 'bin/deallocator.ts'), ...args, '--config', config],
        { env: { ...process.env, MEMORY_REPORT: memory }, maxBuffer: 1e9 },
        (error, stdout, stderr) => resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
    });
    server.send('requests');
    const [requests] = (await once(server, 'message')) as [number];
    return { ...ended, requests, megabytes: Number(readFileSync(memory, 'utf8')) / 1024 };
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}
