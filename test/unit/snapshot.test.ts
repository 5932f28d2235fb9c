import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareWithPlan, listStacks, planStackRemoval, stackOf } from '../../bin/demo/stack-removal.ts';
import { parseSnapshot } from '../../lib/operate/snapshots/entries.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import type { World } from '../../lib/protocol/invariants.ts';

const stack = (name: string) => ({ annotations: { name: 'any', labels: { 'com.docker.stack.namespace': name } } });
const on = (...targets: string[]) => targets.map((target) => ({ target }));

/** Stack a: two services, one of the old style; stack b shares a's network n2; n0 and lone belong to no stack. */
const cluster = () => ({
  services: [
    { id: 's1', spec: { ...stack('a'), task: { networks: on('n0', 'n1') } } },
    { id: 's2', spec: { ...stack('a'), task: { networks: [] }, networks: on('n1', 'n2') } },
    { id: 's3', spec: { ...stack('b'), task: { networks: on('n2') }, networks: on('n1') } },
    { id: 'lone', spec: {} },
  ] as Record<string, unknown>[],
  networks: [{ id: 'n0' }, { id: 'n1', spec: stack('a') }, { id: 'n2', spec: stack('a') }] as Record<string, unknown>[],
  tasks: [
    { serviceId: 's1', id: 't1' },
    { serviceId: 's3', id: 't1' },
  ] as Record<string, unknown>[],
});
type Cluster = ReturnType<typeof cluster>;

const parse = (document: unknown): Snapshot => parseSnapshot(JSON.stringify(document));

describe('a snapshot', () => {
  it('is refused whole where a key of it could not be written', () => {
    const text = JSON.stringify(cluster()).replace('"lone"', '"lone","__proto__":"x"');
    expect(() => parseSnapshot(text)).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: expect.stringContaining('a key is called __proto__'),
      }),
    );
  });

  it('is taken as it is', () => {
    expect(parse(cluster())).toEqual(cluster());
  });

  it('of the repository has three stacks that share networks, and about 200 tasks', () => {
    const path = join(import.meta.dirname, '..', '..', 'bin', 'sample-cluster.json');
    const sample = parseSnapshot(readFileSync(path, 'utf8'));
    expect(listStacks(sample)).toEqual(['shop', 'blog', 'monitoring']);
    expect(sample.tasks).toHaveLength(200);
    expect(sample.services).toHaveLength(10);
  });

  const broken: [string, (cluster: Cluster) => unknown, string][] = [
    ['a list', () => [], 'is []; it must be an object'],
    ['a missing list', ({ services, networks }) => ({ services, networks }), 'tasks is missing; it must be a list'],
    ['an entry that is no object', (c) => ({ ...c, tasks: [7] }), 'tasks[0] is 7; it must be an object'],
    [
      'a service without id',
      (c) => ({ ...c, services: [{}] }),
      'services[0].id is missing; it must be a string of 1 to',
    ],
    ['an id that is too long', (c) => ({ ...c, networks: [{ id: 'x'.repeat(2041) }] }), 'networks[0].id is "xxx'],
    ['half a character', (c) => ({ ...c, networks: [{ id: '\ud800' }] }), 'networks[0].id is "\\ud800"'],
    [
      'an id that is taken',
      (c) => ({ ...c, networks: [...c.networks, { id: 'n0' }] }),
      'networks[3].id is "n0", which',
    ],
    [
      'a task twice',
      (c) => ({ ...c, tasks: [...c.tasks, { serviceId: 's1', id: 't1' }] }),
      'tasks[2].id is "t1", which',
    ],
    [
      'a task of nobody',
      (c) => ({ ...c, tasks: [{ serviceId: 'x', id: 't' }] }),
      'tasks[0].serviceId is "x", and the snapshot has no',
    ],
    ['a task without service', (c) => ({ ...c, tasks: [{ id: 't' }] }), 'tasks[0].serviceId is missing'],
    [
      'a mark',
      (c) => ({ ...c, networks: [{ id: 'n0', pendingDelete: true }] }),
      'networks[0].pendingDelete is true; drop',
    ],
    ['a spec that is no object', (c) => ({ ...c, services: [{ id: 's', spec: [] }] }), 'services[0].spec is []'],
    [
      'labels that are no object',
      (c) => ({ ...c, services: [{ id: 's', spec: { annotations: { labels: 'a' } } }] }),
      'services[0].spec.annotations.labels is "a"; it must be an object',
    ],
    [
      'a stack that is no name',
      (c) => ({
        ...c,
        networks: [{ id: 'n', spec: { annotations: { labels: { 'com.docker.stack.namespace': 1 } } } }],
      }),
      'labels["com.docker.stack.namespace"] is 1',
    ],
    [
      'networks that are no list',
      (c) => ({ ...c, services: [{ id: 's', spec: { task: { networks: 'n0' } } }] }),
      'services[0].spec.task.networks is "n0"; it must be a list',
    ],
    [
      'a reference to nothing',
      (c) => ({ ...c, services: [{ id: 's', spec: { networks: on('n0', 'nowhere') } }] }),
      'services[0].spec.networks[1].target is "nowhere", and the snapshot has no such network',
    ],
    [
      'a reference without target',
      (c) => ({ ...c, services: [{ id: 's', spec: { task: { networks: [{}] } } }] }),
      'services[0].spec.task.networks[0].target is missing',
    ],
    [
      '33 networks of one service',
      (c) => {
        const networks = Array.from({ length: 33 }, (_, n) => ({ id: `n${n}` }));
        return { ...c, networks, services: [{ id: 's', spec: { networks: on(...networks.map(({ id }) => id)) } }] };
      },
      'services[0].spec.networks names 33 networks; a service has at most 32',
    ],
  ];
  it.each(broken)('refuses %s', (_, damage, message) => {
    expect(() => parse(damage(cluster()))).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining(message) }),
    );
  });

  it('refuses what is not JSON', () => {
    expect(() => parseSnapshot('{"services": [')).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining('is not JSON') }),
    );
  });

  it('refuses more objects than are loaded', () => {
    const tasks = Array.from({ length: 10_001 }, (_, n) => ({ serviceId: 's1', id: `t${n}` }));
    expect(() => parse({ ...cluster(), tasks })).toThrow(/has 10001 tasks; at most 10000/);
  });
});

describe('stacks', () => {
  it('are told by the label, in the order of the services', () => {
    expect(listStacks(parse(cluster()))).toEqual(['a', 'b']);
    expect(stackOf({ spec: {} })).toBeUndefined();
    expect(stackOf({})).toBeUndefined();
  });
});

describe('the plan of a removal', () => {
  const plan = planStackRemoval(parse(cluster()), 'a');

  it('names what goes, what stays and why', () => {
    expect(plan).toEqual({
      stack: 'a',
      services: ['s1', 's2'],
      networks: ['n1', 'n2'],
      // s3 names n1 only in the list that does not count.
      goneNetworks: ['n1'],
      keptServices: [
        { id: 's3', stack: 'b', tasks: 1 },
        { id: 'lone', stack: undefined, tasks: 0 },
      ],
      keptNetworks: [
        { id: 'n0', stack: undefined, waitsFor: [] },
        { id: 'n2', stack: 'a', waitsFor: [{ id: 's3', stack: 'b' }] },
      ],
      sharedNetworks: ['n0'],
    });
  });

  it('fails for a stack that is not there, and names those that are', () => {
    expect(() => planStackRemoval(parse(cluster()), 'c')).toThrow(
      expect.objectContaining({ code: 'NotFound', message: 'stack c is not in the snapshot; it has: a, b' }),
    );
  });

  const end = (): World => ({
    services: [{ id: 's3' }, { id: 'lone' }, { id: 'new' }],
    networks: [{ id: 'n0' }, { id: 'n2', pendingDelete: true }],
    tasks: [
      { serviceId: 's3', id: 'other' },
      { serviceId: 'new', id: 't1' },
    ],
    attachments: [],
    counters: [],
  });
  const compare = (change: Partial<World> = {}) =>
    compareWithPlan({ ...end(), ...change }, plan, new Map([['new', 1]]));

  it('is met by an end as planned', () => {
    expect(compare()).toEqual([]);
  });

  it.each<[string, Partial<World>]>([
    ['service s3 is gone, and had to stay', { services: [{ id: 'lone' }, { id: 'new' }] }],
    ['service s1 is still there, and had to go', { services: [...end().services, { id: 's1' }] }],
    ['network n0 is gone, and had to stay', { networks: [{ id: 'n2', pendingDelete: true }] }],
    ['network n1 is still there, and had to go', { networks: [...end().networks, { id: 'n1', pendingDelete: true }] }],
    [
      'network n0 is marked, and should not be',
      { networks: end().networks.map(({ id }) => ({ id, pendingDelete: true })) },
    ],
    ['network n2 has lost its mark', { networks: [{ id: 'n0' }, { id: 'n2' }] }],
    ['service new has 0 tasks, and had to have 1', { tasks: [{ serviceId: 's3', id: 't1' }] }],
  ])('is not met: %s', (sentence, change) => {
    expect(compare(change)).toEqual([sentence]);
  });
});
