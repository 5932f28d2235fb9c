import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { LIFECYCLE_VARIABLE } from '../../lib/streams/deployment.ts';
import { type FixtureStack, writeFixtureAssembly } from './fixture.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'local.ts');
const START_TIMEOUT_MILLIS = 60_000;

/** One process is busy from the start: its function prints its process id, and does not return. */
const stack: FixtureStack = {
  handler: `exports.handler = async () => {
    console.log('pids ' + process.pid);
    await new Promise(() => setInterval(() => {}, 1000));
  };`,
  outputs: {
    ...Object.fromEntries(
      ['Services', 'Tasks', 'Networks', 'Attachments', 'Counters', 'Receipts'].map((name) => [
        `${name}TableName`,
        { Value: `physical-${name}` },
      ]),
    ),
    SweepFunctionName: { Value: { Ref: 'Worker' } },
    DeadLetterQueueUrl: { Value: { Ref: 'Failures' } },
  },
  resources: {
    Deployment: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['aws.cloudformation'] },
        Targets: [{ Arn: { 'Fn::GetAtt': ['Worker', 'Arn'] }, Id: 'T' }],
      },
    },
  },
};
const assembly = writeFixtureAssembly(stack, 'Deallocator');
/** As a function of a deployment has them that has chosen something of SwarmKit's kinds. */
const CHOSEN = swarmkit({ taskNetworks: true });
const Variables = { [LIFECYCLE_VARIABLE.name]: LIFECYCLE_VARIABLE.write(CHOSEN) };
const chosenAssembly = writeFixtureAssembly(
  { ...stack, functionProperties: { Environment: { Variables } } },
  'Deallocator',
);
afterAll(() => {
  for (const directory of [assembly, chosenAssembly]) rmSync(directory, { recursive: true });
});

function run(...args: string[]) {
  // No stdin: it must not matter.
  return spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function end(child: ReturnType<typeof run>) {
  const [out, err] = [child.stdout, child.stderr].map(async (stream) => (await stream.toArray()).join(''));
  const [status] = await once(child, 'exit');
  return { status, out: await out, err: await err };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Starts the command, and waits until it is ready and its function runs. */
async function startCommand(directory = assembly) {
  const child = run('--assembly', directory);
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    ready.resolve();
  });
  const functionPid = Promise.withResolvers<number>();
  const enginePort = Promise.withResolvers<number>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    const pid = /pids (\d+)/.exec(line)?.[1];
    if (pid !== undefined) functionPid.resolve(Number(pid));
    const port = /engine on port (\d+)/.exec(line)?.[1];
    if (port !== undefined) enginePort.resolve(Number(port));
  });
  await ready.promise;
  return { child, lines, functionPid: await functionPid.promise, enginePort: await enginePort.promise };
}

async function answers(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}

/** For processes that are not our children, whose end we are not told of. Vitest's own timeout is the limit. */
async function untilGone(functionPid: number, enginePort: number): Promise<void> {
  while (isAlive(functionPid) || (await answers(enginePort))) await pause(10);
}

describe('npm run local', () => {
  it('prints its usage', async () => {
    const { status, out } = await end(run('--help'));
    expect(status).toBe(0);
    expect(out).toContain('Usage: npm run local');
  });

  it.each([
    ['an unknown option', ['--prot', '1'], "Unknown option '--prot'"],
    ['a port that is no number', ['--port', 'x'], '--port is "x"'],
  ])('refuses %s', async (_name, args, message) => {
    const { status, out, err } = await end(run(...args));
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
  });

  it(
    'prints one line, and leaves no process behind after SIGTERM',
    async () => {
      const { child, lines, functionPid, enginePort } = await startCommand();
      expect(lines).toHaveLength(1);
      const connection = JSON.parse(lines[0] ?? '');
      expect(connection).toEqual({
        endpoint: expect.stringMatching(/^http:/),
        region: 'us-east-1',
        accessKeyId: 'local',
        secretAccessKey: 'local',
        tables: {
          services: 'physical-Services',
          tasks: 'physical-Tasks',
          networks: 'physical-Networks',
          attachments: 'physical-Attachments',
          counters: 'physical-Counters',
          receipts: 'physical-Receipts',
        },
        sweepFunctionName: 'Deallocator-Worker',
        deadLetterQueueUrl: `${connection.endpoint}/000000000000/Deallocator-Failures`,
        rules: { GracePeriodSeconds: '0' },
      });
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      await untilGone(functionPid, enginePort);
      expect(lines).toHaveLength(1);
    },
    START_TIMEOUT_MILLIS,
  );

  it(
    'tells what a deployment has chosen of SwarmKit’s kinds, and leaves no process behind when it is killed',
    async () => {
      const { child, lines, functionPid, enginePort } = await startCommand(chosenAssembly);
      expect(JSON.parse(lines[0] ?? '').lifecycle).toEqual(CHOSEN);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await untilGone(functionPid, enginePort);
    },
    START_TIMEOUT_MILLIS,
  );
});
