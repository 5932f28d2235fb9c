/** Removals of thousands: in one plan, told as they go, and gone on with after Ctrl-C. */
import { describe, expect, it, vi } from 'vitest';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

const [SERVICES, NETWORKS] = [5000, 50];
const OBJECTS = SERVICES + NETWORKS;
/** As on a terminal, where a bar is drawn; after Ctrl-C there is real time to end in order. */
const SEEN = { columns: 120, environment: { TERM: 'xterm-256color' }, chance: systemChance };

/** 5,000 services on 50 networks, with the label of a stack and another one. */
function stack() {
  const world = memoryCommandLine({ pageItemsMax: 1000 });
  // The promises are looked at elsewhere: a look at 10,000 items after each write would take minutes.
  world.tables.onStep = undefined;
  const labels = { 'com.docker.stack.namespace': 'load', env: 'test' };
  for (let n = 0; n < NETWORKS; n++) {
    world.backend.put('networks', { id: `n-${n}`, spec: { annotations: { labels } } });
  }
  for (let n = 0; n < SERVICES; n++) {
    const networkId = `n-${n % NETWORKS}`;
    const spec = { annotations: { labels }, networks: [{ target: networkId }] };
    world.backend.put('services', { id: `s-${n}`, spec });
    world.backend.put('attachments', { held: `network#${networkId}`, holder: `service#s-${n}` });
  }
  const marked = async () =>
    JSON.parse((await world.cli(['ls', '--marked', '--limit', '10000', '-o', 'json'])).stdout).objects.length;
  return { ...world, marked };
}

/** As Ctrl-C is typed in their midst: each mark takes a token or two. */
function interruptAfter(chance: ReturnType<typeof memoryCommandLine>['chance'], tokens: number): AbortSignal {
  const controller = new AbortController();
  const fresh = chance.fresh.bind(chance);
  let made = 0;
  vi.spyOn(chance, 'fresh').mockImplementation(() => {
    if (++made === tokens) controller.abort(new DOMException('interrupted by Ctrl-C', 'AbortError'));
    return fresh();
  });
  return controller.signal;
}

describe('rm of 5,050 objects', () => {
  it('by stack or by label tells how far it is, stops at Ctrl-C, and goes on from there', async () => {
    const { cli, chance, marked } = stack();
    const stopped = await cli(['rm', '--cascade', 'load', '--yes'], { ...SEEN, signal: interruptAfter(chance, 2000) });
    expect(stopped.status).toBe(130);
    const [, told] = /marked (\d+) of 5050; run the same again to go on\n/.exec(stopped.stderr) ?? [];
    expect(stopped.stderr).toMatch(/deallocator rm: interrupted\n$/);
    const done = await marked();
    expect(done).toBeGreaterThanOrEqual(500);
    expect(done).toBeLessThan(OBJECTS);
    // What was on its way at Ctrl-C may still have got through.
    expect(Math.abs(done - Number(told))).toBeLessThan(100);

    const rm = ['rm', '--label', 'env=test', '--yes'];
    const rest = await cli(rm, SEEN);
    expect(rest).toMatchObject({ status: 0, stderr: expect.stringContaining(`of ${OBJECTS - done}`) });
    expect(rest.stdout).toContain(`${OBJECTS - done} marked\n`);
    expect(await marked()).toBe(OBJECTS);
    const again = await cli([...rm, '--json'], SEEN);
    expect(JSON.parse(again.stdout)).toMatchObject({ plan: { marks: [] }, applied: [] });
  });
});

describe('rm - of 600 ids', () => {
  it('marks all of them, and does nothing where one is mistyped', async () => {
    const { cli, marked } = stack();
    const ids = Array.from({ length: 600 }, (_, n) => `service/s-${n}`);
    const typo = await cli(['rm', '-'], { input: [...ids, 'service/s-x'].join('\n') });
    expect(typo.status).toBe(1);
    expect(typo.stderr).toContain('Nothing was marked: service s-x is not there.');
    expect(await marked()).toBe(0);
    const all = await cli(['rm', '-'], { input: ids.join('\r\n') });
    expect(all).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/\n600 objects: 600 marked\n$/) });
    expect(await marked()).toBe(600);
  });
});
