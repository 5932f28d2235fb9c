import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BESIDE_CLOUD, nextSteps, START_CLOUD } from '../../bin/next-steps.ts';
import { doneHere } from '../support/amount.ts';
import { isAlive, listDescendants, runProgram } from '../support/program.ts';

/** It takes about half a minute alone, and has company here. */
const DEMO_TIMEOUT_MILLIS = 180_000;

const SHOWN = [
  'a removal',
  "kinds of one's own",
  'a snapshot and a stack of ours',
  'an interruption',
  'the next steps',
] as const;
const shown = doneHere('demonstrations', SHOWN, (name) => name);
const isShown = (name: (typeof SHOWN)[number]) => shown.includes(name);

const folder = mkdtempSync(join(tmpdir(), 'deallocator-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

function writeSnapshot(name: string, snapshot: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(snapshot));
  return path;
}

/** Who watches the engine ends a moment after it. */
async function expectGone(pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(0);
  await expect.poll(() => pids.filter(isAlive), { timeout: 60_000 }).toEqual([]);
}

describe('npm start', { timeout: DEMO_TIMEOUT_MILLIS }, () => {
  it('removes a stack, keeps what others use, and leaves no process behind', async () => {
    const demo = runProgram('bin/start.ts', ['--seed', '7']);
    await demo.waitFor('stdout', 'tasks left:');
    const started = listDescendants(demo.child.pid ?? 0);
    const { status, stdout, stderr } = await demo.ended;

    expect(stderr).toBe('');
    expect(status).toBe(0);
    const deleted = stdout.slice(stdout.indexOf('\nDeleted\n'), stdout.indexOf('\nKept, and why\n'));
    const kept = stdout.slice(stdout.indexOf('\nKept, and why\n'), stdout.indexOf('\nWhat it took'));
    const names = (text: string) => [...text.matchAll(/│ ((?:service|network) \S+)/g)].map((match) => match[1]).sort();
    expect(names(deleted)).toEqual([
      'network shop_backend',
      'network shop_frontend',
      'service shop_cart',
      'service shop_mailer',
      'service shop_orders',
      'service shop_web',
    ]);
    expect(names(kept)).toEqual([
      'network blog_web',
      'network ingress',
      'network monitoring_scrape',
      'network shop_metrics',
      'service blog_newcomer',
    ]);
    expect(kept).toMatch(/used by service .*\n.*monitoring_prometheus of stack monitoring/);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/is marked for deletion .*: task latecomer was not created/);
    expect(stdout).toContain("AWS's documented rules");
    expect(stdout).toMatch(/service shop_web +deleted: its last task is gone/);
    expect(stdout.endsWith(`\n${nextSteps([START_CLOUD, ...BESIDE_CLOUD])}\n`)).toBe(true);
    expect(stdout).not.toContain('\x1b');
    await expectGone(started);
  });

  it.runIf(isShown('a snapshot and a stack of ours'))(
    'takes a snapshot and a stack of ours, old-style networks and objects of no stack among them',
    async () => {
      const labels = (stack: string) => ({ annotations: { labels: { 'com.docker.stack.namespace': stack } } });
      const path = writeSnapshot('ours.json', {
        services: [
          { id: 'first', spec: { ...labels('one'), networks: [{ target: 'shared' }] } },
          { id: 'second', spec: { ...labels('two'), networks: [{ target: 'shared' }, { target: 'own' }] } },
          { id: 'idle', spec: labels('two') },
          { id: 'free', spec: { task: { networks: [{ target: 'shared' }] } } },
        ],
        networks: [{ id: 'shared' }, { id: 'own', spec: labels('two') }, { id: 'unused', spec: labels('two') }],
        tasks: [{ serviceId: 'second', id: '1' }],
      });
      const { status, stdout, stderr } = await runProgram('bin/start.ts', ['--snapshot', path, '--stack', 'two']).ended;
      expect(stderr).toBe('');
      expect(status).toBe(0);
      const deleted = stdout.slice(stdout.indexOf('\nDeleted\n'), stdout.indexOf('\nKept, and why\n'));
      for (const name of ['service second', 'service idle', 'network own', 'network unused']) {
        expect(deleted).toContain(name);
      }
      expect(stdout).toContain('network shared');
    },
  );

  it.runIf(isShown("kinds of one's own"))("drains kinds of one's own, and tells it in their words", async () => {
    const { status, stdout, stderr } = await runProgram('bin/start.ts', ['--lifecycle', 'bin/examples/sandbox.ts'])
      .ended;
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('What is in use is not marked: blueprint a1 is in use by lease template a1');
    expect(stdout).toMatch(
      /lease template a1 deleted: .*\n.*blueprint a1 deleted: in one transaction with lease template a1\n/,
    );
    expect(stdout).toMatch(/\$ deallocator history blueprint a1\n[\s\S]*TOGETHER WITH[\s\S]*lease template a1/);
    expect(stdout).toContain('found 0 faults');
    expect(stdout).not.toMatch(/service|network|\btask/);
  });

  it.runIf(isShown('an interruption'))('stops cleanly on SIGINT', async () => {
    const demo = runProgram('bin/start.ts', ['--seed', '7']);
    await demo.waitFor('stdout', 'Stack shop is removed');
    const started = listDescendants(demo.child.pid ?? 0);
    demo.child.kill('SIGINT');
    const { status, stderr } = await demo.ended;
    expect(status).toBe(130);
    expect(stderr).toMatch(/^\nstart: stopped by SIGINT; .*\n$/);
    await expectGone(started);
  });

  it.runIf(isShown('the next steps'))('ends with three steps that work as they are printed', async () => {
    const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'));
    /** `npm run NAME -- ARGUMENTS…`, as npm runs it. */
    const run = (command: string, environment = {}) => {
      const [, script = '', args = ''] = /^npm run (\w+)(?: -- (.*))?$/.exec(command) ?? [];
      return runProgram(scripts[script].replace(/^node /, ''), args.split(' ').filter(Boolean), environment);
    };
    const cloud = run(START_CLOUD.command);
    try {
      await cloud.waitFor('stderr', 'local: ready');
      // Other tests have clouds too.
      const environment = { DEALLOCATOR_CONFIG: cloud.stdout() };
      const [imported, removed] = BESIDE_CLOUD.map(({ command }) => command) as [string, string];
      expect(await run(imported, environment).ended).toMatchObject({ status: 0 });
      expect(await run(removed, environment).ended).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/shop_web[\s\S]*shop_metrics/),
      });
    } finally {
      cloud.child.kill('SIGINT');
      await cloud.ended;
    }
  });

  it('says what to install where Java is missing, before it builds anything', async () => {
    const { status, stdout, stderr } = await runProgram('bin/start.ts', [], { PATH: folder }).ended;
    expect(stderr).toMatch(/needs Java 17 or newer, and `java -version` failed; install it: .*\[engine\.javaMissing\]/);
    expect(stdout).not.toContain('Bundle');
    expect(status).toBe(1);
    const cloud = await runProgram('bin/local.ts', [], { PATH: folder }).ended;
    expect(cloud.stderr).toMatch(/^local: the local cloud needs Java 17 .*\[engine\.javaMissing\]\n$/);
  });

  it.each([
    ['a broken snapshot', { services: [{}], networks: [], tasks: [] }, [], 1, /services\[0\]\.id is missing/],
    ['a snapshot without stacks', { services: [], networks: [], tasks: [] }, [], 1, /no stack to remove/],
    [
      'a stack that is not there',
      undefined,
      ['--stack', 'nowhere'],
      1,
      /stack nowhere is not in the snapshot; it has: shop/,
    ],
    ['an unknown option', undefined, ['--sed', '7'], 2, /Unknown option '--sed'/],
    ['a seed that is no number', undefined, ['--seed', 'x'], 2, /--seed is "x", allowed/],
  ])('refuses %s before it starts anything', async (_, snapshot, more, expected, message) => {
    const args = snapshot === undefined ? more : ['--snapshot', writeSnapshot('broken.json', snapshot), ...more];
    const { status, stdout, stderr } = await runProgram('bin/start.ts', args).ended;
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(status).toBe(expected);
  });

  it('refuses a snapshot that can not be read', async () => {
    const { status, stderr } = await runProgram('bin/start.ts', ['--snapshot', join(folder, 'absent.json')]).ended;
    expect(stderr).toMatch(/the snapshot could not be read: .*ENOENT/);
    expect(status).toBe(1);
  });
});
