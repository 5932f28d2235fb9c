/** The command `deallocator` over tables in memory, with the real handlers behind it. */
import type { Deployment } from '../../bin/cli/connection.ts';
import type { SweepPort } from '../../lib/operate/recovery/settle-parents.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { type CallOptions, call } from './command-line.ts';
import { type MemoryClusterOptions, memoryCluster } from './memory-cluster.ts';

export const MEMORY_TARGET = { endpoint: 'http://127.0.0.1:4000', region: 'us-east-1' };

/** How each report begins. */
export const ON_MEMORY = 'On local cloud at http://127.0.0.1:4000\n';

export interface MemoryCommandLineOptions extends MemoryClusterOptions {
  readonly deadLetterQueueUrl?: string;
}

export function memoryCommandLine({ deadLetterQueueUrl, ...options }: MemoryCommandLineOptions = {}) {
  const rules = DEFAULT_RULES;
  const world = memoryCluster(rules, options);
  const { backend, chance, cluster, client, db } = world;
  const sweep: SweepPort = { invoke: (request) => backend.sweep(request) };
  const deployment: Deployment = {
    tables: cluster.database.at.tables,
    rules,
    sweepFunctionName: 'sweep',
    deadLetterQueueUrl,
    target: MEMORY_TARGET,
    connection: MEMORY_TARGET,
    where: { ...MEMORY_TARGET, tables: [] },
    db,
    client,
    cluster,
    sweep,
    close: () => {},
  };
  const cli = (args: readonly string[], options: CallOptions = {}) =>
    call(args, { chance, ...options, open: async () => deployment });
  const json = async (...args: string[]) => {
    const { status, stdout, stderr } = await cli([...args, '--json']);
    return { status, stderr, document: stdout === '' ? undefined : JSON.parse(stdout) };
  };
  return { ...world, cli, json };
}
