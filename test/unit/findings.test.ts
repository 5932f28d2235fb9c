/** What an audit calls wrong, and who mends it. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { sameEvidence } from '../../lib/operate/audit/findings.ts';
import { mendingOf } from '../../lib/operate/audit/problems.ts';
import { findSuspects } from '../../lib/operate/audit/suspects.ts';
import type { AuditedWorld } from '../../lib/operate/audit/world.ts';
import type { StoredItem } from '../../lib/protocol/rest.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { network, oldStyleService, service, task } from '../support/objects.ts';

const NOW = { rules: DEFAULT_RULES, nowEpochMillis: Date.parse('2026-01-02T00:00:00Z') };
const MARK = { pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z#1' };
/** SwarmKit's objects by their lists. */
interface Flat extends Pick<AuditedWorld, 'attachments' | 'counters'> {
  readonly services: readonly StoredItem[];
  readonly networks: readonly StoredItem[];
  readonly tasks: readonly StoredItem[];
}
const EMPTY: Flat = { services: [], networks: [], tasks: [], attachments: [], counters: [] };
const PLAN: Plan = swarmkitPlan();
const attachment = (network: string, holder: string) => ({
  held: `network#${network}`,
  holder: holder.startsWith('task#') ? holder : `service#${holder}`,
});
const counter = (id: string, remaining: unknown, epoch: unknown = 'e1') => ({ id, remaining, epoch });

const suspects = (world: Partial<Flat>, circumstances = NOW) => {
  const { services: service, networks: network, tasks: task, attachments, counters } = { ...EMPTY, ...world };
  return findSuspects(PLAN, { items: { service, network, task }, attachments, counters }, circumstances);
};
const found = (world: Partial<Flat>) =>
  suspects(world).map(({ problem, promise, subject, about }) => ({ problem, promise, subject, about }));
/** Each problem with who mends it: the parent's name, or a person. */
const mended = (world: Partial<Flat>) =>
  suspects(world).map((one) => {
    const mending = mendingOf(PLAN, one);
    return [one.problem, mending.by === 'sweep' ? mending.parent : mending.by];
  });

describe('a world in order', () => {
  it('brings no suspects, whatever drains, waits or is protected in it', () => {
    const world: Flat = {
      services: [
        service('web', ['front']),
        oldStyleService('old', ['front', 'back']),
        service('draining', ['back'], MARK),
        service('kept', [], { ...MARK, protected: true }),
        service('nulls', [], { pendingDelete: null, protected: null }),
      ],
      networks: [network('front', { pendingDelete: false }), network('back', MARK)],
      tasks: [task('web', 't1'), task('draining', 't1'), task('draining', 't2')],
      attachments: [
        attachment('front', 'web'),
        attachment('front', 'old'),
        attachment('back', 'old'),
        attachment('back', 'draining'),
      ],
      counters: [counter('service#draining', 2), counter('network#back', -1), { id: 'sweep', remaining: undefined }],
    };
    expect(suspects(world)).toEqual([]);
  });

  it('leaves a mark alone whose grace period runs, and not one whose is over', () => {
    const rules = { ...DEFAULT_RULES, gracePeriodMillis: 3_600_000 };
    const world = { services: [service('web', [], MARK)] };
    const at = (time: string) => suspects(world, { rules, nowEpochMillis: Date.parse(time) });
    expect(at('2026-01-01T00:59:59Z')).toEqual([]);
    expect(at('2026-01-01T01:00:00Z')).toMatchObject([{ problem: 'not deleted', subject: 'service#web' }]);
  });
});

describe('every promise that holds at rest', () => {
  it('a task whose service is gone is for a person', () => {
    const world = { tasks: [task('web', 't1')] };
    expect(found(world)).toEqual([
      { problem: 'orphan task', promise: 'S1', subject: 'task#web#t1', about: { service: 'web', task: 't1' } },
    ]);
    expect(mended(world)).toEqual([['orphan task', 'person']]);
  });

  it('each service with a reference to a missing network, and each missing attachment, is one suspect', () => {
    const world = {
      services: [service('a', ['gone', 'front']), service('b', ['gone'])],
      networks: [network('front')],
      attachments: [attachment('gone', 'a'), attachment('gone', 'b')],
    };
    expect(found(world)).toEqual([
      { problem: 'missing network', promise: 'S2', subject: 'network#gone', about: { service: 'a', network: 'gone' } },
      { problem: 'missing network', promise: 'S2', subject: 'network#gone', about: { service: 'b', network: 'gone' } },
      {
        problem: 'missing attachment',
        promise: 'S2',
        subject: 'attachment#network#front#service#a',
        about: { service: 'a', network: 'front' },
      },
    ]);
    expect(mended(world)).toEqual([
      ['missing network', 'person'],
      ['missing network', 'person'],
      ['missing attachment', 'service#a'],
    ]);
  });

  it('a missing network is told of each of its users, in a sentence of its own', () => {
    const users = Array.from({ length: 2000 }, (_, n) => service(`s${n}`, ['gone']));
    const attachments = users.map(({ id }) => attachment('gone', id));
    const told = suspects({ services: users, attachments });
    expect(told.map(({ message }) => message)).toEqual(
      users.map(({ id }) => `service#${id} refers to network#gone, which is not there`),
    );
  });

  it('a stale attachment is mended by its network, a counter without a parent by that parent', () => {
    const world = {
      services: [service('web')],
      networks: [network('front')],
      attachments: [attachment('front', 'web'), attachment('front', 'gone')],
      counters: [counter('service#web', 0), counter('network#nowhere', 0)],
    };
    expect(mended(world)).toEqual([
      ['stale attachment', 'network#front'],
      ['stale attachment', 'network#front'],
      ['left counter', 'service#web'],
      ['left counter', 'network#nowhere'],
    ]);
  });

  it.each([
    ['network#front', 'web'],
    ['network#front', 'network#back'],
    ['network#front', 'task#03#web#1'],
    ['front', 'service#web'],
    ['service#web', 'service#web'],
  ])('an attachment of %s by %s is for a person: nobody can know for whom it holds', (held, holder) => {
    const world = { services: [service('web')], networks: [network('front')], attachments: [{ held, holder }] };
    expect(found(world)).toEqual([
      {
        problem: 'unknown attachment',
        promise: 'S4',
        subject: `attachment#${held}#${holder}`,
        about: { held, holder },
      },
    ]);
    expect(mended(world)).toEqual([['unknown attachment', 'person']]);
  });

  it('a counter that is too high, L1 what is marked without counter or children, are mended by their parent', () => {
    const world = {
      services: [service('high', [], MARK), service('free', [], MARK), service('silent', [], MARK)],
      networks: [network('unused', { pendingDelete: true })],
      tasks: [task('high', 't1'), task('silent', 't1')],
      counters: [counter('service#high', 2)],
    };
    expect(mended(world)).toEqual([
      ['high counter', 'service#high'],
      ['not deleted', 'service#free'],
      ['no counter', 'service#silent'],
      ['not deleted', 'network#unused'],
    ]);
  });
});

describe('items that only raw hands write', () => {
  it.each([['true'], [1], [[true]], [{ BOOL: true }], [0]])('a mark or protection of %j is none', (value) => {
    const world = {
      services: [service('web', [], { pendingDelete: value })],
      networks: [network('front', { protected: value })],
    };
    expect(mended(world)).toEqual([
      ['malformed mark', 'person'],
      ['malformed protection', 'person'],
    ]);
  });

  it('a markedAt without a mark is the sweep’s', () => {
    expect(mended({ networks: [network('front', { markedAt: 'x#1' })] })).toEqual([
      ['left mark time', 'network#front'],
    ]);
  });

  it.each([
    ['no list', { spec: { task: { networks: [{ target: 'front' }] }, networks: 'back' } }],
    ['no target', { spec: { task: { networks: [{}, { target: 'front' }] } } }],
    ['a null entry', { spec: { networks: [{ target: 'front' }, null] } }],
    ['a number', { spec: { networks: [{ target: 7 }, { target: 'front' }] } }],
    ['an empty id', { spec: { task: { networks: [{ target: 'front' }, { target: '' }] } } }],
  ])('references with %s are for a person', (_, more) => {
    const world = {
      services: [service('web', ['front'], more)],
      networks: [network('front')],
      attachments: [attachment('front', 'web')],
    };
    expect(mended(world)).toEqual([['malformed references', 'person']]);
  });

  it('of two lists only the one that counts must be right', () => {
    const spec = { task: { networks: [{ target: 'front' }] }, networks: [{ target: 7 }] };
    const world = {
      services: [service('web', [], { spec })],
      networks: [network('front')],
      attachments: [attachment('front', 'web')],
    };
    expect(suspects(world)).toEqual([]);
  });

  it('33 references are too many, 32 are not', () => {
    const ids = Array.from({ length: 33 }, (_, n) => `n${n}`);
    const world = (count: number) => ({
      services: [service('web', ids.slice(0, count))],
      networks: ids.map((id) => network(id)),
      attachments: ids.slice(0, count).map((id) => attachment(id, 'web')),
    });
    expect(suspects(world(32))).toEqual([]);
    expect(mended(world(33))).toEqual([['too many references', 'person']]);
  });

  it('a counter that can’t be read is told once, and never compared', () => {
    const world = {
      services: [service('a', [], MARK), service('b', [], MARK)],
      tasks: [task('a', 't1'), task('b', 't1')],
      // A task keeps each of them.
      counters: [counter('service#a', 'seven'), { id: 'service#b', remaining: 1 }, counter('queue#x', 1)],
    };
    expect(found(world).map(({ problem, about }) => [problem, about.counter])).toEqual([
      ['unreadable counter', 'service#a'],
      ['unreadable counter', 'service#b'],
      ['unknown counter', 'queue#x'],
    ]);
    // The sweep that is asked for its parent resets it; what belongs to no parent is for a person.
    expect(mended(world)).toEqual([
      ['unreadable counter', 'service#a'],
      ['unreadable counter', 'service#b'],
      ['unknown counter', 'person'],
    ]);
  });
});

describe('an unreadable counter', () => {
  const torn = (children: number, remaining: unknown = 'seven') =>
    suspects({
      services: [service('web', [], MARK)],
      tasks: Array.from({ length: children }, (_, n) => task('web', `t${n}`)),
      counters: [counter('service#web', remaining)],
    }).find(({ problem }) => problem === 'unreadable counter');

  it('is told of with the children that are there, and is the same while they go', () => {
    const [before, after] = [torn(16), torn(15)];
    expect(before?.evidence).toEqual({ epoch: '"e1"', remaining: '"seven"', children: 16 });
    expect(before && sameEvidence(before, after)).toBe(true);
    expect(before && sameEvidence(before, torn(16, 'eight'))).toBe(false);
    expect(before && sameEvidence(before, undefined)).toBe(false);
  });
});

describe('ids', () => {
  it('with # in them neither hide a suspect behind another, nor bring one too many', () => {
    const world = {
      services: [service('c', ['a#service#b']), service('b#service#c', ['a'])],
      networks: [network('a#service#b'), network('a')],
      attachments: [attachment('a', 'b#service#c')],
    };
    // Both would have the subject attachment#network#a#service#b#service#c; the other one has its attachment.
    expect(found(world).map(({ about }) => about)).toEqual([{ service: 'c', network: 'a#service#b' }]);
  });
});

describe('evidence', () => {
  const left = (world: Partial<Flat>) => suspects(world)[0] as ReturnType<typeof suspects>[number];
  it.each([
    [
      'the same mark',
      { services: [service('web', [], MARK)] },
      { services: [service('web', [], { ...MARK, markedAt: 'y' })] },
    ],
    [
      'the same count',
      { services: [service('web', [], MARK)], tasks: [task('web', 't')], counters: [counter('service#web', 3)] },
      { services: [service('web', [], MARK)], tasks: [task('web', 't')], counters: [counter('service#web', 2)] },
    ],
    ['the same epoch', { counters: [counter('service#web', 0)] }, { counters: [counter('service#web', 0, 'e2')] }],
    [
      'the same references',
      { services: [service('web', ['a'])], networks: [network('a')] },
      { services: [service('web', ['a', 'b'])], networks: [network('a')] },
    ],
  ])('of two looks is alike only for %s', (_, before, after) => {
    expect(sameEvidence(left(before), left(before))).toBe(true);
    expect(sameEvidence(left(before), left(after))).toBe(false);
    expect(sameEvidence(left(before), undefined)).toBe(false);
  });
});
