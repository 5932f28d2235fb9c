/** The checks that all other tests, the demo and the audit rely on: each broken world is named by the promise it breaks. */
import { describe, expect, it } from 'vitest';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { checkAlways, checkRest, checkStep, type StoredParent, type World } from '../../lib/protocol/invariants.ts';
import { countLiving, tellWorld } from '../../lib/protocol/rest.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { holdersOf, type Tables, worldOf } from '../../lib/protocol/tables.ts';
import type { Violation } from '../../lib/protocol/violations.ts';

const nothing: World = { services: [], networks: [], tasks: [], attachments: [], counters: [] };
const world = (parts: Partial<World>): World => ({ ...nothing, ...parts });
const to = (...targets: string[]) => ({ task: { networks: targets.map((target) => ({ target })) } });
const marked = { pendingDelete: true, markedAt: 'm1' };
const task = { serviceId: 'web', id: 't1' };
const attachment = { held: 'network#front', holder: 'service#web' };
const counter = (id: string, remaining: number) => ({ id, remaining });
const front: StoredParent = { id: 'front' };
const web: StoredParent = { id: 'web', spec: to('front') };

/** Whatever is named is in the sentence too. */
const named = (violations: Violation[]) =>
  violations.map(({ promise, subject, message }) => {
    expect(message).toContain(subject.split('#').at(-1));
    return `${promise} ${subject}`;
  });

/** A service that runs, on a network. */
const running = world({ services: [web], networks: [front], tasks: [task], attachments: [attachment] });
/** Both are marked, and wait for one task. */
const draining = world({
  services: [{ ...web, ...marked }],
  networks: [{ ...front, ...marked }],
  tasks: [task],
  attachments: [attachment],
  counters: [counter('service#web', 1), counter('network#front', 1)],
});
/** The same, as the deleting transaction finds it. */
const drained = { ...draining, tasks: [], counters: [counter('service#web', 0), counter('network#front', 1)] };

describe('always', () => {
  const unprocessed = (records: Record<string, number>) => (parent: ItemKey) =>
    records[`${parent.kind}#${parent.id}`] ?? 0;

  it('S7 what is no counter is not looked at', () => {
    expect(checkAlways(world({ counters: [counter('sweep', 7)] }), unprocessed({}))).toEqual([]);
  });

  it.each<[string, number]>([
    ['as high as the children and the uncounted removals', 3],
    ['too low', 0],
    ['negative', -7],
  ])('S7 a counter may be %s', (_, remaining) => {
    const at = {
      ...draining,
      tasks: [task, { serviceId: 'web', id: 't2' }],
      counters: [counter('service#web', remaining)],
    };
    expect(checkAlways(at, unprocessed({ 'service#web': 1 }))).toEqual([]);
  });

  it('S7 names a counter above the children and the uncounted removals of its own parent', () => {
    const counters = [counter('service#web', 3), counter('network#front', 2)];
    const violations = checkAlways({ ...draining, counters }, unprocessed({ 'service#web': 1, 'network#web': 5 }));
    expect(named(violations)).toEqual(['S7 service#web', 'S7 network#front']);
    expect(violations[0]?.message).toContain('says 3, but only 1 children are left and 1 removals are not counted yet');
  });

  it('S7 counts children of other parents for none', () => {
    const at = world({
      tasks: [{ serviceId: 'api', id: 'web' }],
      attachments: [{ held: 'network#web', holder: 'service#front' }],
      counters: [counter('service#web', 1)],
    });
    expect(named(checkAlways(at, () => 0))).toEqual(['S7 service#web']);
  });

  it('passes over what is no counter, such as the cursor of a sweep', () => {
    expect(checkAlways(world({ counters: [counter('sweep', 9), counter('task#web', 9)] }), () => 0)).toEqual([]);
  });
});

describe('each step', () => {
  it.each<[string, World, World]>([
    ['nothing changes', running, running],
    ['a service comes', nothing, running],
    ['a mark is set', running, { ...running, services: [{ ...web, ...marked }] }],
    ['a task goes', running, { ...running, tasks: [] }],
    ['service and network go together, with all of theirs', drained, nothing],
    [
      'the service goes, and leaves a network that is not marked',
      { ...drained, networks: [front], counters: [] },
      world({ networks: [front] }),
    ],
    [
      'a network goes alone',
      world({ networks: [{ ...front, ...marked }], counters: [counter('network#front', 0)] }),
      nothing,
    ],
    ['an id lives again', nothing, world({ services: [{ ...web, ...marked }] })],
  ])('is right when %s', (_, before, after) => {
    expect(checkStep(before, after)).toEqual([]);
  });

  it('S1 names a service that was deleted while a task of it existed', () => {
    const before = { ...drained, tasks: [task] };
    expect(named(checkStep(before, { ...nothing, tasks: [task] }))).toEqual(['S1 service#web']);
    expect(named(checkStep(before, nothing))).toEqual(['S1 service#web']);
    expect(checkStep({ ...drained, tasks: [{ serviceId: 'api', id: 'web' }] }, nothing)).toEqual([]);
  });

  it('S2 names a network that was deleted while a service refers to it', () => {
    const before = { ...running, networks: [{ ...front, ...marked }] };
    expect(named(checkStep(before, { ...before, networks: [], attachments: [] }))).toEqual(['S2 network#front']);
    const oldStyle = { ...before, services: [{ id: 'web', spec: { networks: [{ target: 'front' }] } }] };
    expect(named(checkStep(oldStyle, { ...oldStyle, networks: [], attachments: [] }))).toEqual(['S2 network#front']);
  });

  it.each<[string, unknown]>([
    ['without a mark', undefined],
    ['with the mark false', false],
    ['with a text for a mark', 'true'],
    ['with a number for a mark', 1],
  ])('S3 names what was deleted %s', (_, pendingDelete) => {
    const services = [{ id: 'web', pendingDelete }];
    const networks = [{ id: 'front', pendingDelete }];
    expect(named(checkStep(world({ services }), nothing))).toEqual(['S3 service#web']);
    expect(named(checkStep(world({ networks }), nothing))).toEqual(['S3 network#front']);
  });

  it('S5 holds a new life of an id to its own mark', () => {
    const before = world({ services: [{ id: 'web', spec: {} }] });
    expect(named(checkStep(before, nothing))).toEqual(['S3 service#web']);
  });

  it('S6 names a service that was deleted without its counter', () => {
    expect(named(checkStep(drained, { ...nothing, counters: [counter('service#web', 0)] }))).toEqual([
      'S6 service#web',
    ]);
  });

  it('S6 names a service that was deleted without its attachment', () => {
    const before = { ...drained, networks: [front], counters: [] };
    const violations = checkStep(before, world({ networks: [front], attachments: [attachment] }));
    expect(named(violations)).toEqual(['S6 service#web']);
    expect(violations[0]?.message).toContain('network#front');
    const another = world({ networks: [front], attachments: [{ held: 'network#front', holder: 'service#api' }] });
    expect(checkStep(before, another)).toEqual([]);
  });

  it('S6 takes the attachments of 32 networks in one step, and leaves the 33rd for later', () => {
    const ids = Array.from({ length: 33 }, (_, n) => `n${n}`);
    const networks = ids.map((id) => ({ id }));
    const attachmentOf = (id: string) => ({ held: `network#${id}`, holder: 'service#web' });
    const before = world({
      services: [{ id: 'web', spec: to(...ids), ...marked }],
      networks,
      attachments: ids.map(attachmentOf),
    });
    expect(checkStep(before, world({ networks, attachments: [attachmentOf('n32')] }))).toEqual([]);
    expect(named(checkStep(before, world({ networks, attachments: [attachmentOf('n31')] })))).toEqual([
      'S6 service#web',
    ]);
  });

  it('S6 names a network that was deleted without its counter, or without an attachment', () => {
    const before = { ...drained, services: [], counters: [counter('network#front', 1)] };
    expect(named(checkStep(before, { ...nothing, counters: before.counters }))).toEqual(['S6 network#front']);
    expect(named(checkStep(before, { ...nothing, attachments: [attachment] }))).toEqual(['S6 network#front']);
  });

  it('names every broken promise of one step', () => {
    const after = { ...nothing, tasks: [task], attachments: [attachment] };
    expect(named(checkStep({ ...running, counters: [] }, after)).sort()).toEqual([
      'S1 service#web',
      'S3 network#front',
      'S3 service#web',
      'S6 network#front',
      'S6 service#web',
    ]);
  });
});

describe('at rest', () => {
  it.each<[string, World]>([
    ['empty', nothing],
    ['running', running],
    ['draining', draining],
    [
      'an unmarked service on a marked network',
      { ...running, networks: [{ ...front, ...marked }], counters: [counter('network#front', 1)] },
    ],
    ['a service without a spec', world({ services: [{ id: 'web' }] })],
    ['a service that names its network twice', { ...running, services: [{ id: 'web', spec: to('front', 'front') }] }],
    ['a sweep that left its cursor', { ...running, counters: [counter('sweep', 0)] }],
    ['a counter that is too low', { ...draining, counters: [counter('service#web', 1), counter('network#front', -4)] }],
    [
      'ids that hold a separator',
      world({
        services: [{ id: 'a#b', spec: to('c') }],
        networks: [{ id: 'c' }],
        attachments: [{ held: 'network#c', holder: 'service#a#b' }],
      }),
    ],
  ])('a world that is %s is right', (_, at) => {
    expect(checkRest(at)).toEqual([]);
  });

  it('S1 names a task whose service is gone', () => {
    const violations = checkRest(world({ tasks: [task] }));
    expect(named(violations)).toEqual(['S1 task#web#t1']);
    expect(violations[0]?.message).toBe('task t1 is left of service#web, which is gone');
  });

  it('S2 names a network that a service refers to and that is not there', () => {
    expect(named(checkRest({ ...running, networks: [] }))).toEqual(['S2 network#front']);
  });

  it('S2 names a reference without an attachment', () => {
    expect(named(checkRest({ ...running, attachments: [] }))).toEqual(['S2 attachment#network#front#service#web']);
  });

  it('S4 names an attachment of a service that is gone, or refers to other networks', () => {
    expect(named(checkRest(world({ networks: [front], attachments: [attachment] })))).toEqual([
      'S4 attachment#network#front#service#web',
    ]);
    expect(named(checkRest({ ...running, services: [{ id: 'web' }] }))).toEqual([
      'S4 attachment#network#front#service#web',
    ]);
  });

  it('L1 takes no attachment for the child of a service', () => {
    const at = world({
      services: [{ id: 'web', ...marked }],
      attachments: [{ held: 'service#web', holder: 'service#web' }],
    });
    expect(named(checkRest(at))).toContain('L1 service#web');
  });

  it('S4 tells an attachment from another one that reads alike', () => {
    const at = world({
      services: [{ id: 'b#c', spec: to('a') }],
      networks: [{ id: 'a' }],
      attachments: [{ held: 'network#a#b', holder: 'service#c' }],
    });
    expect(named(checkRest(at))).toEqual([
      'S2 attachment#network#a#service#b#c',
      'S4 attachment#network#a#b#service#c',
    ]);
  });

  it('S4 names the counter of what is gone, or not marked', () => {
    const counters = [counter('service#gone', 0), counter('network#gone', 0), counter('service#web', 0)];
    const violations = checkRest({ ...running, counters });
    expect(named(violations)).toEqual(['S4 service#gone', 'S4 network#gone', 'S4 service#web']);
    expect(violations.map(({ message }) => message)).toEqual([
      'a counter is left of service#gone, which is gone; a sweep removes it',
      'a counter is left of network#gone, which is gone; a sweep removes it',
      'a counter is left of service#web, which is not marked; a sweep removes it',
    ]);
  });

  it('S4 looks for the parent of a counter among its own kind', () => {
    const at = world({ networks: [{ id: 'web' }], services: [{ id: 'front' }], counters: [counter('service#web', 0)] });
    expect(checkRest(at)[0]?.message).toContain('which is gone');
  });

  it('S7 names a counter above the children that are left', () => {
    const at = { ...draining, counters: [counter('service#web', 2), counter('network#front', 1)] };
    expect(named(checkRest(at))).toEqual(['S7 service#web']);
  });

  it('L1 names what is marked, has no children, and is still there', () => {
    const at = world({ services: [{ id: 'web', ...marked }], networks: [{ id: 'front', ...marked }] });
    expect(named(checkRest(at))).toEqual(['L1 service#web', 'L1 network#front']);
    const withCounters = { ...at, counters: [counter('service#web', 0), counter('network#front', 0)] };
    expect(named(checkRest(withCounters))).toEqual(['L1 service#web', 'L1 network#front']);
  });

  it('L1 names what drains without a counter that could wake it', () => {
    const violations = checkRest({ ...draining, counters: [] });
    expect(named(violations)).toEqual(['L1 service#web', 'L1 network#front']);
    expect(violations.every(({ message }) => message.includes('no counter to wake it'))).toBe(true);
  });

  it.each([[undefined], [false], ['true'], [1], [null]])('L1 takes pendingDelete %j for no mark', (pendingDelete) => {
    expect(checkRest(world({ services: [{ id: 'web', pendingDelete }] }))).toEqual([]);
  });
});

describe('what holds a deletion up', () => {
  const NOW = Date.parse('2026-01-01T00:00:00.000Z');
  const patient = { rules: { ...DEFAULT_RULES, gracePeriodMillis: 1000 }, nowEpochMillis: NOW };
  const young = { id: 'web', pendingDelete: true, markedAt: '2025-12-31T23:59:59.500Z#1' };

  it('S3 names what was deleted although it was protected', () => {
    const services = [{ id: 'web', ...marked, protected: true }];
    const networks = [{ id: 'front', ...marked, protected: true }];
    expect(named(checkStep(world({ services }), nothing))).toEqual(['S3 service#web']);
    expect(checkStep(world({ networks }), nothing)).toEqual([
      { promise: 'S3', subject: 'network#front', message: 'network#front was deleted although it was protected' },
    ]);
    expect(checkStep(world({ services: [{ id: 'web', ...marked, protected: 'true' }] }), nothing)).toEqual([]);
  });

  it('S3 names what was deleted before its grace period was over', () => {
    expect(checkStep(world({ services: [young] }), nothing, patient)).toEqual([
      { promise: 'S3', subject: 'service#web', message: 'service#web was deleted before its grace period was over' },
    ]);
    expect(checkStep(world({ services: [young] }), nothing, { ...patient, nowEpochMillis: NOW + 500 })).toEqual([]);
    const timeless = { id: 'web', pendingDelete: true, markedAt: 7 };
    expect(checkStep(world({ services: [timeless] }), nothing, patient)).toEqual([]);
  });

  it('L1 lets what is held stay, with a counter or without, and no longer', () => {
    expect(checkRest(world({ services: [young] }), patient)).toEqual([]);
    expect(named(checkRest(world({ services: [young] })))).toEqual(['L1 service#web']);
    expect(checkRest(world({ networks: [{ id: 'front', ...marked, protected: true }] }))).toEqual([]);
    const draining = world({ services: [{ ...young, protected: true }], tasks: [task] });
    expect(named(checkRest(draining, patient))).toEqual(['L1 service#web']);
  });

  it('S1 S7 counts a task that has ended for none, where that is chosen', () => {
    const plan = swarmkitPlan({ taskIsGone: 'terminal' });
    const circumstances = { plan, rules: DEFAULT_RULES, nowEpochMillis: NOW };
    const ended = { ...task, status: { state: 'failed' } };
    const before = world({ services: [{ id: 'web', ...marked }], tasks: [ended] });
    const after = world({ tasks: [ended] });
    expect(checkStep(before, after, circumstances)).toEqual([]);
    expect(named(checkStep(before, after))).toEqual(['S1 service#web']);
    expect(checkRest(after, circumstances)).toEqual([]);
    expect(named(checkRest(after))).toEqual(['S1 task#web#t1']);
    const counted = { ...before, counters: [counter('service#web', 1)] };
    expect(named(checkAlways(counted, () => 0, plan))).toEqual(['S7 service#web']);
    expect(checkAlways(counted, () => 0)).toEqual([]);
    for (const status of [undefined, null, 'failed', { state: 'running' }]) {
      const living = world({ services: [{ id: 'web', ...marked }], tasks: [{ ...task, status }] });
      expect(named(checkStep(living, nothing, circumstances))).toEqual(['S1 service#web']);
    }
  });
});

describe('receipts', () => {
  const receipt = { id: 'service#web', markedAt: 'm1', freed: [{ id: 'network#front', markedAt: 'm1' }] };
  const old = { id: 'service#web', markedAt: 'm0' };
  const kept = (parts: Partial<World>, receipts: World['receipts']): World => ({ ...world(parts), receipts });

  it('S6 name all that went, in the step in which it went', () => {
    const before = { ...drained, receipts: [old] };
    expect(checkStep(before, kept({}, [old, receipt]))).toEqual([]);
    expect(checkStep(before, kept({}, [old, { ...receipt, freed: [] }]))).toEqual([
      { promise: 'S6', subject: 'network#front', message: 'network#front was deleted without a receipt' },
    ]);
    expect(named(checkStep(before, kept({}, [old])))).toEqual(['S6 service#web', 'S6 network#front']);
    expect(named(checkStep({ ...drained, receipts: [receipt] }, kept({}, [receipt])))).toHaveLength(2);
  });

  it('S4 name nothing that has not gone', () => {
    expect(checkStep({ ...drained, receipts: [] }, { ...drained, receipts: [old] })).toEqual([
      {
        promise: 'S4',
        subject: 'service#web',
        message: 'a receipt says that service#web was deleted, which it was not',
      },
    ]);
    expect(checkStep(kept({}, [old, receipt]), kept({}, []))).toEqual([]);
  });

  it('are not looked at where nobody keeps them', () => {
    expect(checkStep(drained, nothing)).toEqual([]);
    const { receipts: _, ...unkept } = { ...drained, receipts: undefined };
    expect(checkStep(unkept, kept({}, [receipt]))).toEqual([]);
  });
});

describe('a task that names networks', () => {
  const holding = { ...task, networks: [{ target: 'front' }] };
  const plan = swarmkitPlan({ taskNetworks: true });
  const held = { plan, rules: DEFAULT_RULES, nowEpochMillis: Number.POSITIVE_INFINITY };
  const lone: StoredParent = { id: 'web' };
  const before = world({
    services: [lone],
    networks: [{ ...front, ...marked }],
    tasks: [holding],
    attachments: [{ held: 'network#front', holder: 'task#3#web#t1' }],
    counters: [counter('network#front', 1)],
  });

  it('S2 holds them where that is chosen, and not where it is not', () => {
    const after = { ...before, networks: [], attachments: [], counters: [] };
    const violations = checkStep(before, after, held);
    expect(violations.map(({ message }) => message)).toEqual(['network#front was deleted while task#3#web#t1 used it']);
    expect(checkStep(before, after)).toEqual([]);
    expect(checkRest(before, held)).toEqual([]);
    expect(named(checkRest(before))).toEqual(['S4 attachment#network#front#task#3#web#t1']);
  });

  it('S2 is named in the sentence as a service is', () => {
    const after = { ...running, networks: [], attachments: [] };
    const [violation] = checkStep({ ...running, networks: [{ ...front, ...marked }] }, after);
    expect(violation?.message).toBe('network#front was deleted while service#web used it');
  });
});

it('S6 a receipt that names nothing else tells of one deletion', () => {
  const before = world({ networks: [{ ...front, ...marked }], receipts: [] });
  const after = world({ receipts: [{ id: 'network#front', markedAt: 'm1' }] });
  expect(checkStep(before, after)).toEqual([]);
});

describe('a deletion that breaks a promise', () => {
  const messages = (violations: Violation[]) => violations.map(({ message }) => message);

  it('is told with what was wrong about it', () => {
    const unmarked = world({ services: [web], tasks: [task], attachments: [attachment] });
    const left = world({ tasks: [task], counters: [counter('service#web', 1)], attachments: [attachment] });
    expect(messages(checkStep(unmarked, left))).toEqual([
      'service#web was deleted while 1 of its tasks existed',
      'service#web was deleted without a mark',
      'service#web was deleted without its counter',
      'service#web was deleted without its attachment to network#front',
    ]);
    const alone = world({ networks: [{ ...front, ...marked }], attachments: [attachment] });
    expect(messages(checkStep(alone, world({ attachments: [attachment] })))).toEqual([
      'network#front was deleted without its attachment of service#web',
    ]);
  });
});

it('counts no attachment as a child of what nothing is held by', () => {
  const attachments = [
    attachment,
    { held: 'service#web', holder: 'service#api' },
    { held: 'x', holder: 'service#web' },
  ];
  const plan = swarmkitPlan();
  const told = tellWorld(plan, worldOf(plan, world({ attachments })));
  expect([...countLiving(plan, told, attachments)]).toEqual([['network#front', 1]]);
});

describe("kinds of one's own", () => {
  const judged = (plan: Plan) => ({ rules: DEFAULT_RULES, nowEpochMillis: 0, plan });
  const told = (found: readonly Violation[]) => found.map(({ promise, message }) => `${promise} ${message}`);
  const MARK = { pendingDelete: true, markedAt: 'm1' };
  const receipt = (id: string) => ({ id, markedAt: 'm1' });

  it('S2 S6 are judged by what holds them, at each level', () => {
    const plan: Plan = planOf(IDEAS);
    const idea = { id: 'i', hackathonId: 'h', categoryId: 'c' };
    const attachments = [
      { held: 'hackathon#h', holder: 'category#c' },
      { held: 'hackathon#h', holder: 'idea#i' },
      { held: 'category#c', holder: 'idea#i' },
    ];
    const before: Tables = {
      hackathons: [{ id: 'h', ...MARK }],
      categories: [{ id: 'c', hackathonId: 'h', ...MARK }],
      ideas: [idea],
      comments: [],
      attachments,
      counters: [
        { id: 'hackathon#h', remaining: 2 },
        { id: 'category#c', remaining: 1 },
      ],
      receipts: [],
    };
    expect(checkRest(before, judged(plan))).toEqual([]);
    const raised = { ...before, counters: [{ id: 'category#c', remaining: 2 }] };
    expect(told(checkAlways(raised, () => 0, plan))).toEqual([expect.stringMatching(/^S7 .*category#c/)]);
    const after = { ...before, categories: [], receipts: [receipt('category#c')] };
    expect(told(checkStep(before, after, judged(plan)))).toEqual([
      'S6 category#c was deleted without its counter',
      'S2 category#c was deleted while idea#i used it',
      'S6 category#c was deleted without its attachment to hackathon#h',
      'S6 category#c was deleted without its attachment of idea#i',
    ]);
    expect(told(checkRest(after, judged(plan)))).toContainEqual('S2 idea#i refers to category#c, which is not there');
  });

  it('what has ended keeps nothing, and composed keys are told as they are', () => {
    const plan: Plan = planOf(SANDBOX);
    const lease = { userEmail: 'ann', uuid: '1', originalLeaseTemplateUuid: 't' };
    const tables = (status: string): Tables => ({
      blueprints: [{ PK: 'bp#b', SK: 'blueprint', ...MARK }],
      leaseTemplates: [{ uuid: 't' }],
      leases: [{ ...lease, status }],
      attachments: [],
      counters: [{ id: 'leaseTemplate#t', remaining: 0 }],
    });
    expect(told(checkRest(tables('Expired'), judged(plan)))).toEqual([
      expect.stringMatching(/^S4 a counter is left of leaseTemplate#t, which is not marked/),
      'L1 blueprint#b is marked and has no children left, but is still there',
    ]);
    expect(told(checkRest(tables('Active'), judged(plan)))).toContainEqual(
      'S2 lease#3#ann#1 refers to leaseTemplate#t without an attachment, so nothing protects it',
    );
  });

  it('an item that can be none of its kind holds nothing, and a table that was not read has no items', () => {
    const plan: Plan = planOf(
      defineLifecycle({
        kinds: {
          owner: { table: 'owners', key: { id: '${owner}' } },
          project: {
            table: 'projects',
            key: { pk: 'P#${project}', sk: 'META' },
            dependsOn: [{ kind: 'owner', by: 'value', at: 'ownerId' }],
          },
        },
      }),
    );
    const projects = [{ pk: 'X#a', sk: 'META', ownerId: 'o' }];
    expect(worldOf(plan, { projects })).toEqual({
      items: { owner: [], project: projects },
      attachments: [],
      counters: [],
    });
    expect(holdersOf(plan, { projects })).toEqual([]);
    expect(checkRest({ projects }, judged(plan))).toEqual([]);
  });

  it('S1 S3 hold under a key, by attributes of other names', () => {
    const plan: Plan = planOf(
      defineLifecycle({
        attributes: { pendingDelete: 'toGo', protected: 'kept' },
        kinds: {
          project: { table: 'projects', key: { pk: 'P#${project}', sk: 'META' } },
          row: {
            table: 'rows',
            key: { pk: 'P#${project}', sk: 'R#${row}' },
            dependsOn: [{ kind: 'project', by: 'key' }],
          },
        },
      }),
    );
    const project = { pk: 'P#a', sk: 'META', pendingDelete: true, markedAt: 'm1', kept: true };
    const row = { pk: 'P#a', sk: 'R#1' };
    const before: Tables = { projects: [project], rows: [row], counters: [], receipts: [] };
    const after: Tables = { ...before, projects: [], receipts: [receipt('project#a')] };
    expect(told(checkStep(before, after, judged(plan)))).toEqual([
      'S1 project#a was deleted while 1 of its rows existed',
      'S3 project#a was deleted without a mark',
      'S3 project#a was deleted although it was protected',
    ]);
    expect(checkRest(after, judged(plan))).toEqual([
      { promise: 'S1', subject: 'row#a#1', message: 'row 1 is left of project#a, which is gone' },
    ]);
    const free: Tables = { ...before, projects: [{ pk: 'P#a', sk: 'META', toGo: true, markedAt: 'm1' }], rows: [] };
    expect(checkStep(free, after, judged(plan)).filter(({ promise }) => promise !== 'S1')).toEqual([]);
  });
});
