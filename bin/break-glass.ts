#!/usr/bin/env node
/**
 * Lets one principal delete from one guarded table while a command runs, then puts the policy back: docs/break-glass.md. It is
 * no command of `deallocator`: who goes around the policies shall know that he does.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { connect } from '../lib/dynamodb/document-client.ts';
import { Requests } from '../lib/dynamodb/requests.ts';
import { systemChance } from '../lib/dynamodb/system-chance.ts';
import { breakGlass } from '../lib/operate/deployed/break-glass.ts';
import { errorWords } from './cli/errors.ts';

const USAGE = `Usage: break-glass.js --table NAME --principal ARN -- COMMAND…
  --table NAME      the guarded table
  --principal ARN   the role or user that may delete meanwhile; COMMAND must act as it`;

/** Ctrl-C goes to the command too; this program then puts the policy back. */
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`break-glass: ${errorWords(error, process.env)}\n`);
  process.exitCode = 1;
}

/** Resolves with the command's own status. */
async function main(): Promise<number> {
  const options = { table: { type: 'string' }, principal: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const { table, principal } = values;
  const [command, ...args] = positionals;
  if (table === undefined || principal === undefined || command === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const db = connect();
  // It speaks of one table, by its name, whatever the kinds are.
  const requests = new Requests(db, systemChance, { onRetry: () => {} });
  let status = 1;
  try {
    await breakGlass(requests, {
      table,
      principal,
      chance: systemChance,
      say: (what) => void process.stderr.write(`${what}\n`),
      keep: async (policy) => {
        const name = `policy-of-${table}.json`;
        // Never over one that a former call has left.
        const file = await open(name, 'wx');
        await file.writeFile(policy);
        await file.close();
        return name;
      },
      act: async () => {
        status = await run(command, args);
      },
    });
  } finally {
    db.destroy();
  }
  return status;
}

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
