/** What is gone, by its id or by the name that it had, and what never was: each command tells them apart, with one status. */
import { describe, expect, it } from 'vitest';
import { resolve } from '../../lib/operate/reports/resolve.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

const named = (name: string) => ({ annotations: { name } });

/** Two services were called `shop_web` one after the other; `shop_wob` is there, and a network went along with the second. */
async function redeployed() {
  const world = memoryCommandLine();
  const { client, backend, chance } = world;
  await client.createNetwork({ id: 'n1', spec: named('shop_front') });
  for (const id of ['s1', 's2']) {
    await client.createService({ id, spec: { ...named('shop_web'), networks: [{ target: 'n1' }] } });
    await client.removeService(id, { by: 'ann' });
    if (id === 's2') await client.removeNetwork('n1', { by: 'ann' });
    await backend.deliver();
    chance.advance(60_000);
  }
  await client.createService({ id: 's3', spec: named('shop_wob') });
  return world;
}

/** Command, its words for what is gone, and where its JSON tells of it. */
const COMMANDS: readonly [string, string, (document: never) => unknown][] = [
  ['explain', 'is gone', ({ absence }: { absence: string }) => absence],
  ['describe', 'is gone', ({ absence }: { absence: string }) => absence],
  ['wait', ': gone', ({ outcomes }: { outcomes: { outcome: string }[] }) => outcomes[0]?.outcome],
  ['rm', 'it is gone', ({ plan }: { plan: { refused: { absence: string }[] } }) => plan.refused[0]?.absence],
  ['undelete', 'it is gone', ({ plan }: { plan: { refused: { absence: string }[] } }) => plan.refused[0]?.absence],
  ['protect', 'it is gone', ({ results }: { results: { absence: string }[] }) => results[0]?.absence],
  ['unprotect', 'it is gone', ({ results }: { results: { absence: string }[] }) => results[0]?.absence],
  ['history', 'shop_', ({ whereabouts }: { whereabouts: string }) => whereabouts],
  ['graph', 'gone', ({ graph }: { graph: string }) => /gone|not there/.exec(graph)?.[0]],
];

/** What is asked for can't be done any more; the others tell what was asked for. */
const FAILS_WHERE_GONE = ['rm', 'undelete', 'protect', 'unprotect'];

describe.each(COMMANDS)('%s', (command, words, read) => {
  it.each([
    ['service', 's2', 'service s2 (shop_web)'],
    ['service', 'shop_web', 'service s2 (shop_web)'],
    ['network', 'n1', 'network n1 (shop_front)'],
    ['network', 'shop_front', 'network n1 (shop_front)'],
  ])('tells that %s %s is gone', async (kind, typed, called) => {
    const { cli, json } = await redeployed();
    const status = FAILS_WHERE_GONE.includes(command) ? 1 : 0;
    const told = await cli([command, kind, typed]);
    expect(told).toMatchObject({ status });
    expect(told.stdout + told.stderr).not.toMatch(/not there|did you mean/);
    if (command !== 'graph') expect(told.stdout).toContain(called);
    expect(told.stdout).toContain(words);
    const { status: jsonStatus, document } = await json(command, kind, typed);
    expect([jsonStatus, read(document as never)]).toEqual([status, 'gone']);
  });

  it('tells what is not there from it, and what is called nearly so', async () => {
    const { cli, json } = await redeployed();
    const told = await cli([command, 'service', 'shop_wbo']);
    expect(told.status).toBe(1);
    expect(told.stdout).toContain('not there');
    expect(told.stdout).not.toContain('gone');
    const hint = 'no service is called "shop_wbo"; did you mean service s3 (shop_wob)?\n';
    expect(told.stderr.split(hint)).toHaveLength(2);
    const { status, document } = await json(command, 'service', 'shop_wbo');
    expect([status, read(document as never)]).toEqual([1, 'not there']);
  });
});

it('history of a name tells of all that were called so, also where no kind is typed', async () => {
  const { json, cli } = await redeployed();
  for (const typed of [['service', 'shop_web'], ['shop_web']]) {
    const { document } = await json('history', ...typed);
    expect(document.deletions.map(({ id }: { id: string }) => id)).toEqual(['s2', 's1']);
  }
  expect(await cli(['history', 'shop_wob'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('shop_wob is there, and no receipt tells of a former life'),
  });
  expect((await cli(['history', 'shop_wbo'])).stderr).toContain('did you mean service s3 (shop_wob)?');
});

it('what is gone is never taken for what begins so', async () => {
  const { client, cluster } = await redeployed();
  await client.createService({ id: 's2-next', spec: named('shop_web-next') });
  for (const id of ['s2', 'shop_web']) {
    const [found] = await resolve(cluster, [{ kind: 'service', id }], { beginnings: 'any' });
    expect(found).toMatchObject({ key: { id: 's2' }, name: 'shop_web', by: 'receipt', near: [] });
  }
});

/** More receipts than are read: each is a page of its own. */
function unread() {
  const world = memoryCommandLine({ pageItemsMax: 1 });
  for (let n = 0; n < 101; n++) {
    const receipt = { id: `service#s${n}`, markedAt: 'm', deletedAt: '2026-01-01T00:00:00.000Z', trigger: 't' };
    world.tables.put('receipts', receipt);
  }
  return world;
}

describe('where not all receipts were read', () => {
  const isFalse = ({ isWhole }: { isWhole?: boolean }) => isWhole === false;
  it.each<[string, (document: never) => boolean]>([
    ['explain', isFalse],
    ['describe', isFalse],
    ['history', isFalse],
    ['wait', ({ outcomes }: { outcomes: [{ isWhole?: boolean }] }) => isFalse(outcomes[0])],
    ['rm', ({ plan }: { plan: { refused: [{ isWhole?: boolean }] } }) => isFalse(plan.refused[0])],
    ['undelete', ({ plan }: { plan: { refused: [{ isWhole?: boolean }] } }) => isFalse(plan.refused[0])],
    ['protect', ({ results }: { results: [{ isWhole?: boolean }] }) => isFalse(results[0])],
    ['unprotect', ({ results }: { results: [{ isWhole?: boolean }] }) => isFalse(results[0])],
  ])('%s does not say that none tells of it', async (command, read) => {
    const { cli, json } = unread();
    const { status, stdout } = await cli([command, 'network', 'never']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/[Nn]ot all (was|receipts were) read/);
    expect(stdout).not.toContain('no receipt tells');
    expect(read((await json(command, 'network', 'never')).document as never)).toBe(true);
  });
});

describe('of more objects than are shown', () => {
  it.each([
    ['wait', 60, 'not there'],
    ['protect', 60, 'refused'],
  ])('%s tells the first ones, and a sum', async (command, number, outcome) => {
    const { cli } = memoryCommandLine();
    const ids = Array.from({ length: number }, (_, n) => `x${n}`);
    const { stdout } = await cli([command, 'service', ...ids]);
    expect(stdout).toContain(`\n  … and 10 more of these; --json has them all\n60 objects: 60 ${outcome}\n`);
  });
});
