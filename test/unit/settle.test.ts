/**
 * Each rule of docs/design.md §4.3 in the one moment where it matters: something happens between two requests of a settle. What would
 * go wrong without the rule is said in each test's name.
 */
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { roundPauseMillis } from '../../lib/protocol/chance.ts';
import { firstMarked, planFinalization } from '../../lib/protocol/finalize.ts';
import { heal } from '../../lib/protocol/heal.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { HEAL_ROUNDS_MAX, SETTLE_ROUNDS_MAX } from '../../lib/protocol/limits.ts';
import { isMarked, type MarkedItem } from '../../lib/protocol/model.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { type SettleOptions, settle } from '../../lib/protocol/settle.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { wrapStore } from '../support/faults.ts';
import { memoryWriters } from '../support/memory-writers.ts';
import { service } from '../support/objects.ts';

const web: ItemKey = { kind: 'service', id: 'web' };
const front: ItemKey = { kind: 'network', id: 'front' };

/** A world, and what happens right before or after the first call of a request. */
function world() {
  const tables = new MemoryTables();
  const inner = memoryStore(tables);
  const chance = testChance();
  let marks = 0;
  const write = memoryWriters(tables, () => `m${++marks}`);
  const calls: string[] = [];
  const before = new Map<string, () => unknown>();
  const after = new Map<string, () => unknown>();
  const store = wrapStore(inner, async (request, call) => {
    calls.push(request);
    const happen = async (events: Map<string, () => unknown>) => {
      const event = events.get(request);
      events.delete(request);
      await event?.();
    };
    await happen(before);
    const answer = await call();
    await happen(after);
    return answer;
  });
  return {
    tables,
    inner,
    chance,
    write,
    calls,
    before: (request: string, event: () => unknown) => before.set(request, event),
    after: (request: string, event: () => unknown) => after.set(request, event),
    settle: (key: ItemKey, options?: SettleOptions) => settle(store, chance, key, options),
    heal: (key: ItemKey, networks: string[]) =>
      heal(
        store,
        chance,
        key,
        networks.map((id) => ({ kind: 'network', id })),
      ),
    counter: (key: ItemKey) => tables.get('counters', { id: `${key.kind}#${key.id}` }),
    isThere: (key: ItemKey) =>
      tables.get(key.kind === 'service' ? 'services' : 'networks', { id: key.id }) !== undefined,
  };
}

/** A marked service with as many tasks. */
function drainingService(tasks: number) {
  const told = world();
  told.write.createService('web', []);
  for (let n = 1; n <= tasks; n++) told.write.createTask('web', `t${n}`);
  told.write.mark('services', 'web');
  return told;
}

it('a counter that is too high costs no write of its own where nothing holds the parent', async () => {
  const told = drainingService(0);
  await told.inner.openCounter(web, { epoch: 'e1', openedAt: 'now' });
  await told.inner.recount(web, 'e1', 2, 'e2');
  expect(await told.settle(web)).toMatchObject({ outcome: 'deleted', rounds: 1, recounts: 0 });
  expect(told.calls).not.toContain('recount');
});

describe('heal', () => {
  it('goes round again when the service changed under it, and says what it did in the end', async () => {
    const told = world();
    told.tables.put('services', service('web', ['front']));
    told.before('heal', () => told.tables.put('services', service('web', ['back'])));
    expect(await told.heal(web, ['front', 'back'])).toEqual({
      holder: web,
      put: [{ kind: 'network', id: 'back' }],
      removed: [],
    });
    expect(told.tables.list('attachments')).toEqual([{ held: 'network#back', holder: 'service#web' }]);
  });

  it('L4 gives up with Aborted after a bounded number of rounds, with a pause before each but the first', async () => {
    const told = world();
    const names = ['front', 'back'];
    told.tables.put('services', service('web', ['front']));
    const change = () => {
      told.tables.put('services', service('web', names.slice(rounds++ % 2, 2)));
      told.before('heal', change);
    };
    let rounds = 0;
    told.before('heal', change);
    await expect(told.heal(web, names)).rejects.toMatchObject({
      code: 'Aborted',
      message: expect.stringMatching(/service#web .* each of 10 rounds; .* again/),
    });
    expect(rounds).toBe(HEAL_ROUNDS_MAX);
    expect(told.chance.pausesMillis).toHaveLength(HEAL_ROUNDS_MAX - 1);
    expect(told.tables.list('attachments')).toEqual([]);
  });

  it('does nothing twice: what is set right is read once, and not written again', async () => {
    const told = world();
    told.tables.put('services', service('web', ['front']));
    expect(await told.heal(web, ['front'])).toEqual({
      holder: web,
      put: [{ kind: 'network', id: 'front' }],
      removed: [],
    });
    expect(told.calls).toEqual(['readItem', 'readAttachments', 'heal']);
    expect(told.chance.pausesMillis).toEqual([]);
  });

  it('never trusts what a record said: it reads the service, and does nothing where all is right', async () => {
    const told = world();
    told.write.createNetwork('front');
    told.write.createService('web', ['front']);
    expect(await told.heal(web, ['front', 'former'])).toEqual({ holder: web, put: [], removed: [] });
    expect(told.calls).toEqual(['readItem', 'readAttachments']);
  });
});

describe('finalize', () => {
  it('takes 32 of 40 networks into its transaction, which holds 99 actions then, and leaves 8 to heal', async () => {
    const told = world();
    const ids = Array.from({ length: 40 }, (_, n) => `n${n}`);
    for (const id of ids) told.tables.put('networks', { id, pendingDelete: true, markedAt: `m${id}` });
    told.tables.put('services', service('web', ids, { pendingDelete: true, markedAt: 'm' }));
    const parent = await told.inner.readItem(web);
    if (parent === undefined || !isMarked(parent)) throw new Error('it is not marked');
    const circumstances = { rules: DEFAULT_RULES, nowEpochMillis: 0 };
    const { detached, freed } = await planFinalization(told.inner, parent, circumstances, 'a test');
    expect(3 + detached.length + 2 * freed.length).toBe(99);
    expect(await told.settle(web)).toMatchObject({ outcome: 'deleted', leftToHeal: 8 });
  });
});

describe('what goes along, where not all of it has room', () => {
  const held = (id: string, markedAt: string): MarkedItem => ({
    ...{ key: { kind: 'network', id }, pendingDelete: true, markedAt, isProtected: false },
    ...{ markedBy: undefined, markedReason: undefined, name: undefined, held: [], asRead: {} },
  });
  const free = [held('b', '2026-01-02T00:00#1'), held('c', 'release-2'), held('a', '2026-01-02T00:00#2')];

  it('is what was marked first, a mark without a time before all, and then by name', () => {
    expect(firstMarked(free, 1)).toEqual([free[1]]);
    expect(firstMarked(free, 2)).toEqual([free[1], free[2]]);
    expect(firstMarked([...free].reverse(), 2)).toEqual([free[2], free[1]]);
    expect(firstMarked(free, 3)).toEqual(free);
  });
});

describe('settle', () => {
  it('deletes a marked parent without children', async () => {
    const told = drainingService(0);
    expect(await told.settle(web)).toEqual({
      parent: web,
      rounds: 1,
      recounts: 0,
      outcome: 'deleted',
      markedAt: 'm1',
      freed: [],
      leftToHeal: 0,
    });
    expect(told.isThere(web)).toBe(false);
    expect(checkRest(told.tables.world())).toEqual([]);
  });

  it('counts, and leaves a counter that says how many are left', async () => {
    const told = drainingService(3);
    expect(await told.settle(web)).toEqual({ parent: web, rounds: 1, recounts: 1, outcome: 'draining', remaining: 3 });
    expect(told.counter(web)).toMatchObject({ remaining: 3 });
  });

  it('closes the counter of a parent that is gone, or not marked', async () => {
    const told = world();
    expect(await told.settle(web)).toMatchObject({ outcome: 'absent' });
    told.write.createService('web', []);
    expect(await told.settle(web)).toMatchObject({ outcome: 'not marked' });
    expect(told.counter(web)).toBeUndefined();
    expect(told.isThere(web)).toBe(true);
  });

  it('reads no counter where a decrement has just returned it', async () => {
    const told = drainingService(0);
    await told.inner.openCounter(web, { epoch: 'e1', openedAt: 'now' });
    await told.settle(web, { opened: { remaining: 0, epoch: 'e1' } });
    expect(told.calls).toEqual(['readItem', 'countChildren', 'finalize']);
  });

  it("L1 reads the counter anew in each further round: the decrement's own is of the past by then", async () => {
    const told = drainingService(1);
    await told.inner.openCounter(web, { epoch: 'e1', openedAt: 'now' });
    told.after('countChildren', () => {
      told.write.deleteTask('web', 't1');
      return told.inner.decrement(web, 1, 'now');
    });
    expect(await told.settle(web, { opened: { remaining: 0, epoch: 'e1' } })).toMatchObject({
      outcome: 'deleted',
      rounds: 2,
    });
    expect(told.calls.filter((call) => call === 'openCounter')).toHaveLength(1);
  });

  it('S7 keeps a decrement that lands between count and recount: an absolute recount would lose a wake-up', async () => {
    const told = drainingService(2);
    told.after('countChildren', () => {
      told.write.deleteTask('web', 't1');
      return told.inner.decrement(web, 1, 'now');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'draining', remaining: 1 });
  });

  it('L1 goes round again when the recount ends at zero: the last decrement has seen a counter that another was about to raise', async () => {
    const told = drainingService(1);
    told.after('countChildren', () => {
      told.write.deleteTask('web', 't1');
      return told.inner.decrement(web, 1, 'now');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'deleted', rounds: 2, recounts: 1 });
  });

  it('yields to somebody who has just counted, since his count will wake somebody', async () => {
    const told = drainingService(2);
    told.before('recount', async () => {
      const { epoch } = told.counter(web) as { epoch: string };
      await told.inner.recount(web, epoch, 2, 'theirs');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'yielded', rounds: 1, recounts: 0 });
  });

  it('L1 does not yield to a counter at zero: whoever brought it there may have crashed', async () => {
    const told = drainingService(2);
    told.before('recount', async () => {
      const { epoch } = told.counter(web) as { epoch: string };
      await told.inner.recount(web, epoch, 0, 'theirs');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'draining', remaining: 2, rounds: 2 });
  });

  it('L1 does not yield to nobody: a counter that was deleted meanwhile wakes no one', async () => {
    const told = drainingService(2);
    told.before('recount', () => told.tables.delete('counters', { id: 'service#web' }));
    expect(await told.settle(web)).toMatchObject({ outcome: 'draining', remaining: 2, rounds: 2 });
    expect(told.counter(web)).toMatchObject({ remaining: 2 });
  });

  it('L2 never yields when patient: after a lost record, the count of another may be too high for ever', async () => {
    const told = drainingService(2);
    told.before('recount', async () => {
      const { epoch } = told.counter(web) as { epoch: string };
      await told.inner.recount(web, epoch, 5, 'theirs');
    });
    expect(await told.settle(web, { patient: true })).toMatchObject({ outcome: 'draining', remaining: 2, rounds: 2 });
  });

  it('S4 goes round again when the counter to close is another: else it would stay behind', async () => {
    const told = world();
    told.before('closeCounter', async () => {
      const { epoch } = told.counter(web) as { epoch: string };
      await told.inner.closeCounter(web, epoch);
      await told.inner.openCounter(web, { epoch: 'theirs', openedAt: 'now' });
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'absent', rounds: 2 });
    expect(told.counter(web)).toBeUndefined();
  });

  it('S5 uses a fresh epoch for each counter and each recount: a former life of the counter must not be hit', async () => {
    const told = drainingService(1);
    const epochs: unknown[] = [];
    told.after('openCounter', () => epochs.push(told.counter(web)?.epoch));
    await told.settle(web);
    epochs.push(told.counter(web)?.epoch);
    told.tables.delete('counters', { id: 'service#web' });
    told.after('openCounter', () => epochs.push(told.counter(web)?.epoch));
    await told.settle(web);
    epochs.push(told.counter(web)?.epoch);
    expect(new Set(epochs).size).toBe(4);
  });

  it('S1 reads the mark before it counts: else a task that came between two marks would go unseen', async () => {
    const told = drainingService(0);
    told.before('countChildren', () => {
      told.write.undelete('services', 'web');
      told.write.createTask('web', 't1');
      told.write.mark('services', 'web');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'draining', remaining: 1 });
    expect(told.calls.indexOf('readItem')).toBeLessThan(told.calls.indexOf('countChildren'));
  });

  it('S1 deletes only under the mark that it read: an undelete, a task and a new mark came in between', async () => {
    const told = drainingService(0);
    told.before('finalize', () => {
      told.write.undelete('services', 'web');
      told.write.createTask('web', 't1');
      told.write.mark('services', 'web');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'draining', remaining: 1, rounds: 2 });
    expect(told.isThere(web)).toBe(true);
  });

  it('S3 deletes nothing that was undeleted in time', async () => {
    const told = drainingService(0);
    told.before('finalize', () => told.write.undelete('services', 'web'));
    expect(await told.settle(web)).toMatchObject({ outcome: 'not marked', rounds: 2 });
    expect(told.isThere(web)).toBe(true);
    expect(told.counter(web)).toBeUndefined();
  });

  it('S2 reads a network before its attachments: else a service that came in between would lose it', async () => {
    const told = world();
    told.write.createNetwork('front');
    told.write.createService('web', ['front']);
    told.write.mark('services', 'web');
    told.before('listAttached', () => {
      // The look at the network is over, and it was not marked: it must not go, whatever is attached to it now.
      told.write.mark('networks', 'front');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'deleted', freed: [] });
    expect(told.isThere(front)).toBe(true);

    told.write.undelete('networks', 'front');
    told.write.createService('web', ['front']);
    told.write.mark('services', 'web');
    told.write.mark('networks', 'front');
    told.calls.length = 0;
    expect(await told.settle(web)).toMatchObject({ outcome: 'deleted', freed: [front] });
    expect(told.calls.lastIndexOf('readItem')).toBeLessThan(told.calls.indexOf('listAttached'));
  });

  it('S2 frees no network that got another user, or another mark, after the look', async () => {
    const told = world();
    told.write.createNetwork('front');
    told.write.createService('web', ['front']);
    told.write.mark('services', 'web');
    told.write.mark('networks', 'front');
    told.before('finalize', () => {
      told.write.undelete('networks', 'front');
      told.write.createService('api', ['front']);
      told.write.mark('networks', 'front');
    });
    expect(await told.settle(web)).toMatchObject({ outcome: 'deleted', freed: [], rounds: 2 });
    expect(told.isThere(front)).toBe(true);
    expect(checkRest(told.tables.world()).filter(({ promise }) => promise !== 'L1')).toEqual([]);
  });

  it('gives a mark without a time one before it decides, and takes a time without a mark away', async () => {
    const told = world();
    told.tables.put('services', { id: 'web', pendingDelete: true });
    const settled = await told.settle(web);
    expect(settled).toMatchObject({ outcome: 'deleted', rounds: 2 });
    expect((settled as { markedAt: string }).markedAt).toMatch(/^2026-01-01T00:00:0.*Z#fresh-/);
    told.tables.put('networks', { id: 'front', markedAt: 'old' });
    expect(await told.settle(front)).toMatchObject({ outcome: 'not marked' });
    expect(told.tables.get('networks', { id: 'front' })).toEqual({ id: 'front' });
  });

  it('L4 gives up with Aborted after a bounded number of rounds, with pauses that grow and are bounded', async () => {
    const told = drainingService(1);
    const restless = wrapStore(told.inner, async (request, call) => {
      if (request === 'recount') return { status: 'failed', found: undefined } as never;
      return call();
    });
    await expect(settle(restless, told.chance, web)).rejects.toMatchObject({
      code: 'Aborted',
      message: `service#web was not settled: others changed it in each of ${SETTLE_ROUNDS_MAX} rounds; its record will be delivered again, and the next sweep settles it in any case`,
    });
    expect(told.chance.pausesMillis).toHaveLength(SETTLE_ROUNDS_MAX - 1);
    for (const [n, millis] of told.chance.pausesMillis.entries()) {
      expect(millis).toBeLessThanOrEqual(Math.min(1000, 80 * 2 ** n));
    }
  });

  it('pauses for a random part of a time that doubles, up to a second', () => {
    const half = { ...testChance(), fraction: () => 0.5 };
    expect([1, 2, 5, 6, 10].map((round) => roundPauseMillis(half, round))).toEqual([20, 40, 320, 500, 500]);
  });

  it('deletes a service whose network is not there', async () => {
    const told = drainingService(0);
    told.tables.put('services', service('web', ['nowhere'], { pendingDelete: true, markedAt: 'm0' }));
    expect(await told.settle(web)).toMatchObject({ outcome: 'deleted', freed: [] });
  });

  it.each(['openCounter', 'readItem', 'countChildren', 'finalize'])(
    'deletes nothing when %s fails: no proof, no delete',
    async (failing) => {
      const told = drainingService(0);
      told.before(failing, () => {
        throw new Error('DynamoDB did not answer');
      });
      await expect(told.settle(web)).rejects.toThrow('DynamoDB did not answer');
      expect(told.isThere(web)).toBe(true);
    },
  );
});
