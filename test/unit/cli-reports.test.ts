/** What reports print for people, over tables in memory. */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../bin/cli/command.ts';
import { audit } from '../../bin/cli/commands/audit.ts';
import { explain } from '../../bin/cli/commands/explain.ts';
import { status } from '../../bin/cli/commands/status.ts';
import { wait } from '../../bin/cli/commands/wait.ts';
import { wrapped } from '../../bin/cli/terminal.ts';
import { memoryCommandLine, ON_MEMORY } from '../support/memory-command-line.ts';

type World = ReturnType<typeof memoryCommandLine>;

/** Without the line of the target. @param options without a value, true */
async function print(
  { cli }: World,
  { name }: Command,
  positionals: readonly string[],
  options: Readonly<Record<string, string | true>> = {},
  columns?: number,
) {
  const typed = Object.entries(options).flatMap(([option, value]) => [
    `--${option}`,
    ...(value === true ? [] : [value]),
  ]);
  const told = await cli([name, ...typed, ...positionals], columns === undefined ? {} : { columns });
  expect(told.stdout.slice(0, ON_MEMORY.length)).toBe(ON_MEMORY);
  return { ...told, stdout: told.stdout.slice(ON_MEMORY.length) };
}

describe('a network with very many users', () => {
  it('is told of in lines that end alike, in every report', async () => {
    const world = memoryCommandLine();
    await world.client.createNetwork({ id: 'front' });
    for (let n = 1; n <= 12; n++) {
      await world.client.createService({ id: `s${n}`, spec: { networks: [{ target: 'front' }] } });
    }
    await world.client.removeNetwork('front', { whenInUse: 'wait' });
    const some = [1, 2, 3, 4, 5].map((n) => `service s${n}`);
    const why = `blocked: used by ${some.map((name) => `${name} (not marked)`).join(', ')}, … and 7 more`;
    const told = await print(world, explain, ['network', 'front']);
    expect(told.stdout).toContain(`├─ ${why}\n`);
    expect(told.stdout).toContain(`  stays: network front (used by ${some.join(', ')}, … and 7 more)\n`);
    const waited = await print(world, wait, ['network', 'front'], { timeout: '0' });
    expect(waited).toMatchObject({ status: 3, stdout: `network front: still there, ${why}\n` });
    expect((await print(world, status, [])).stdout).toContain('1 object marked for deletion: 1 blocked\n');
  });
});

it('status says for how long nothing has happened, and what needs nobody', async () => {
  const world = memoryCommandLine();
  await world.client.createService({ id: 'web' });
  await world.client.createTask('web', { id: '1' });
  await world.client.removeService('web', { by: 'ann' });
  await world.backend.deliver();
  const calm = await print(world, status, [], { blocked: true });
  expect(calm.stdout).toBe('1 object marked for deletion: 1 draining\nNone of them needs you.\n');
  world.chance.advance(20 * 60_000);
  const { stdout } = await print(world, status, []);
  expect(stdout).toMatch(/^1 object marked for deletion: 1 stalled\n/);
  expect(stdout).toMatch(/^service +web +stalled: no progress for 20 min +1 task +20 min +- +1 +ann$/m);
});

it('wait tells of a typo at once, and what it means at the end', async () => {
  const world = memoryCommandLine();
  await world.client.createService({ id: 'web' });
  await world.client.createTask('web', { id: '1' });
  await world.client.removeService('web');
  await world.backend.deliver();
  const both = await print(world, wait, ['service', 'web', 'wbe'], { timeout: '0' });
  expect(both.stderr).toBe(
    'no service is called "wbe"; did you mean service web?\nwaiting for service web (1 task); not there: service wbe\n',
  );
  expect(both.status).toBe(3);
  const typo = await print(world, wait, ['service', 'wbe']);
  expect(typo.stdout).toMatch(/^service wbe: not there, and no receipt tells that it was deleted \(receipts are kept/);
  expect(typo.status).toBe(1);
});

describe('audit', () => {
  it('tells of an unreadable counter with the children that are there, in words, as a block', async () => {
    const world = memoryCommandLine();
    await world.client.createService({ id: 'web' });
    await world.client.createTasks(
      'web',
      Array.from({ length: 16 }, (_, n) => ({ id: `${n}` })),
    );
    await world.client.removeService('web');
    await world.backend.deliver();
    world.tables.put('counters', { id: 'service#web', remaining: 'abc', epoch: 'e' });
    const { status, stdout } = await print(world, audit, [], { confirm: '0' });
    expect(status).toBe(1);
    expect(stdout).toBe(
      [
        'read 18 items, found 1 fault',
        '',
        'unreadable counter: service web',
        '  what      the counter of service#web holds remaining "abc" and epoch "e", which the deallocator never writes; service#web can\'t be settled with it',
        '  children  16, counted in the table',
        '  breaks    S7: a counter is never too high, so that the last removal is noticed',
        '  fix       deallocator audit --repair',
        '',
      ].join('\n'),
    );
  });

  it.each([40, 80, 200])('fits a terminal of %i columns, whatever the ids', async (columns) => {
    const world = memoryCommandLine();
    const id = `网络${'长'.repeat(60)}${'x'.repeat(100)}\u001b`;
    world.tables.put('counters', { id: `service#${id}`, remaining: [], epoch: 1 });
    const { stdout } = await print(world, audit, [], { confirm: '0' }, columns);
    expect(stdout).toContain('S7: a counter');
    expect(stdout).toContain('\\u{1b}');
    const widths = stdout
      .split('\n')
      .map((line) => [...line].reduce((sum, c) => sum + (/\p{Script=Han}/u.test(c) ? 2 : 1), 0));
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  });
});

it.each([
  ['one two three', 7, ['one two', 'three']],
  ['abcdefgh ij', 3, ['abc', 'def', 'gh', 'ij']],
  ['中文字 a', 4, ['中文', '字 a']],
  ['', 5, ['']],
])('%j within %i columns is %j', (text, width, lines) => {
  expect(wrapped(text, width)).toEqual(lines);
});
