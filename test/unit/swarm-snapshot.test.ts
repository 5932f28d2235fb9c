/** What Docker's Engine API says of a swarm, read as a snapshot; and files of both shapes, read together. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listStacks, planStackRemoval, stackOf } from '../../bin/demo/stack-removal.ts';
import { listsOf, SWARMKIT_PLAN } from '../../lib/operate/snapshots/lists.ts';
import { type ImportInput, readImport } from '../../lib/operate/snapshots/read-import.ts';
import { swarmKindOf } from '../../lib/operate/snapshots/swarm-snapshot.ts';

type Json = Record<string, unknown>;

const fixture = (kind: string) => {
  const path = join(import.meta.dirname, '..', 'fixtures', 'swarm', `${kind}.json`);
  return { name: `${kind}.json`, text: readFileSync(path, 'utf8') };
};
const FILES = ['services', 'tasks', 'networks'].map(fixture);

const network = (id: string, name: string, more: Json = {}): Json => ({ Id: id, Name: name, Scope: 'swarm', ...more });
const service = (id: string, taskNetworks?: unknown, networks?: unknown): Json => ({
  ID: id,
  Spec: { Name: `${id}-name`, TaskTemplate: { Networks: taskNetworks }, Networks: networks },
});
const task = (id: string, serviceId: string, more: Json = {}): Json => ({
  ID: id,
  ServiceID: serviceId,
  Status: { State: 'running' },
  DesiredState: 'running',
  ...more,
});
const to = (...targets: unknown[]) => targets.map((Target) => ({ Target }));
const on = (...targets: string[]) => targets.map((target) => ({ target }));
const attached = (...ids: string[]) => ({ NetworksAttachments: ids.map((ID) => ({ Network: { ID } })) });

/** One file a document, named a.json, b.json, …; few have all three kinds. */
const read = (...documents: unknown[]): ImportInput =>
  readImport(
    documents.map((document, n) => ({ name: `${'abc'[n]}.json`, text: JSON.stringify(document) as string })),
    { partial: true },
  );
const specOf = (input: ImportInput, id: string) => input.snapshot.services.find((one) => one.id === id)?.spec;

describe('a real swarm', () => {
  let snapshot: ImportInput['snapshot'];
  let unusable: ImportInput['unusable'];
  beforeAll(() => {
    ({ snapshot, unusable } = readImport(FILES));
  });
  const serviceNamed = (name: string) =>
    snapshot.services.find(({ spec }) => (spec as { annotations: Json }).annotations.name === name) as Json;

  it('has its swarm-wide networks, with the ingress network protected', () => {
    expect(snapshot.networks).toEqual([
      {
        id: 'ptx3a7tzl0465lg5j21ceww0a',
        spec: { annotations: { name: 'ingress' }, ingress: true },
        protected: true,
      },
      {
        id: '1x8j8qh6o6dfce6j8zo85sv0b',
        spec: { annotations: { name: 'shop_default', labels: { 'com.docker.stack.namespace': 'shop' } } },
      },
      { id: '5vkecislod3m85n17ufy9i08n', spec: { annotations: { name: 'public', labels: {} }, attachable: true } },
      {
        id: 'cjp6idnj960h3onipt64ud0x4',
        spec: { annotations: { name: 'shop_backend', labels: { 'com.docker.stack.namespace': 'shop' } } },
      },
      {
        id: 'zl0bhi602ddp5nis38ozppg0t',
        spec: { annotations: { name: 'blog_default', labels: { 'com.docker.stack.namespace': 'blog' } } },
      },
    ]);
  });

  it('has its services, with nothing of them that nobody reads', () => {
    expect(serviceNamed('shop_api')).toEqual({
      id: 'dv5hu8o522jh92xal2g1grv23',
      spec: {
        annotations: {
          name: 'shop_api',
          labels: { 'com.docker.stack.image': 'shop/api:77', 'com.docker.stack.namespace': 'shop' },
        },
        task: { networks: on('1x8j8qh6o6dfce6j8zo85sv0b', 'cjp6idnj960h3onipt64ud0x4') },
      },
    });
    expect(FILES[0]?.text).toContain('hunter2');
    expect(JSON.stringify(snapshot)).not.toMatch(/hunter2|secret|Env|ContainerSpec/i);
    expect(snapshot.services).toHaveLength(9);
  });

  it('has a service of the old style, whose network is given by its name', () => {
    expect(serviceNamed('shop_mailer').spec).toEqual({
      annotations: expect.objectContaining({ name: 'shop_mailer' }),
      networks: on('cjp6idnj960h3onipt64ud0x4'),
    });
  });

  it('has its tasks in whatever state, those of a global service without a slot', () => {
    expect(Map.groupBy(snapshot.tasks, ({ status }) => (status as Json).state)).toMatchObject(
      new Map(
        Object.entries({ running: 16, failed: 1, shutdown: 2, complete: 1, orphaned: 1 }).map(([state, length]) => [
          state,
          { length },
        ]),
      ),
    );
    expect(snapshot.tasks.find(({ id }) => id === 'xtt4acc3zteh07x1nhjsqzliy')).toEqual({
      serviceId: 'tb82c7xmtuk3klo61sb4xsz8c',
      id: 'xtt4acc3zteh07x1nhjsqzliy',
      slot: 2,
      nodeId: expect.stringMatching(/^[a-z0-9]{25}$/),
      status: { state: 'failed' },
      desiredState: 'shutdown',
      networks: on('ptx3a7tzl0465lg5j21ceww0a', '1x8j8qh6o6dfce6j8zo85sv0b', '5vkecislod3m85n17ufy9i08n'),
    });
    const global = snapshot.tasks.filter(({ serviceId }) => serviceId === serviceNamed('proxy_traefik').id);
    expect(global).toHaveLength(3);
    for (const one of global) expect(one).not.toHaveProperty('slot');
  });

  it('has stacks, told by their label', () => {
    expect(listStacks(snapshot)).toEqual(['proxy', 'shop', 'blog', 'monitoring']);
    expect(stackOf(serviceNamed('registry'))).toBeUndefined();
    expect(planStackRemoval(snapshot, 'shop')).toMatchObject({
      services: { length: 5 },
      goneNetworks: ['1x8j8qh6o6dfce6j8zo85sv0b', 'cjp6idnj960h3onipt64ud0x4'],
      sharedNetworks: ['5vkecislod3m85n17ufy9i08n'],
    });
  });

  it('reports all that is left out', () => {
    const local = expect.stringContaining("is not the swarm's");
    expect(unusable).toEqual([
      { where: 'networks.json: [0]', object: expect.stringMatching(/^network#b407/), reason: local },
      { where: 'networks.json: [3]', object: expect.stringMatching(/^network#f456/), reason: local },
      { where: 'networks.json: [6]', object: expect.stringMatching(/^network#2090/), reason: local },
      { where: 'networks.json: [8]', object: expect.stringMatching(/^network#9e62/), reason: local },
      { where: 'tasks.json: [17]', object: 'network#22t5baxdzfcfi28mtksv0j7nc', reason: local },
      {
        where: 'services.json: [7]',
        object: 'service#96280ni1udgausbn1e1w1g3f1',
        reason: expect.stringContaining('its reference to network "22t5baxdzfcfi28mtksv0j7nc" was left out'),
      },
      {
        where: 'tasks.json: [9]',
        object: expect.stringMatching(/^network#/),
        reason: expect.stringContaining('first that of task 3vektaszrp0fuvydra31230o7: it is gone'),
      },
      {
        where: 'tasks.json: [21]',
        object: 'task#1cwwudggvu31npd46oyzn9x5e',
        reason: expect.stringContaining('its service vgszt1de4ztsveawrjimr4y88 is not given'),
        cause: 'service#vgszt1de4ztsveawrjimr4y88',
      },
      {
        where: 'tasks.json: [22]',
        object: 'task#br6wt8tqea24xgz2yl8f3ldsw',
        reason: expect.stringContaining('it does not hold back network 5vkecislod3m85n17ufy9i08n'),
      },
    ]);
  });

  it('reads the same in any order of the files, in one file, and given twice', () => {
    const [services, tasks, networks] = FILES.map(({ text }) => JSON.parse(text) as Json[]);
    const sorted = ({ snapshot: { networks, services, tasks } }: Pick<ImportInput, 'snapshot'>) =>
      [networks, services, tasks].map((list) => list.map((one) => JSON.stringify(one)).sort());
    const expected = sorted({ snapshot });
    expect(sorted(readImport([...FILES].reverse()))).toEqual(expected);
    expect(sorted(read([tasks, services, networks].flat()))).toEqual(expected);
    expect(sorted(readImport([...FILES, fixture('networks')]))).toEqual(expected);
  });
});

describe('the kind of an object', () => {
  it.each<[string, Json, string | undefined]>([
    ['a network', { Id: 'n', Name: 'net', Scope: 'local' }, 'networks'],
    ['a service', { ID: 's', Spec: { TaskTemplate: {} } }, 'services'],
    ['a task', { ID: 't', Spec: {}, DesiredState: 'running' }, 'tasks'],
    ['a node', { ID: 'n', Spec: { Role: 'worker' }, Status: { State: 'ready' } }, undefined],
    ['a container', { Id: 'c', Name: '/c', State: {} }, undefined],
    ['a volume', { Name: 'v', Scope: 'local' }, undefined],
    ['a secret', { ID: 's', Spec: { Name: 'secret' } }, undefined],
    ['an error', { message: 'This node is not a swarm manager.' }, undefined],
  ])('is told for %s', (_, entry, kind) => {
    expect(swarmKindOf(entry, listsOf(SWARMKIT_PLAN))).toBe(kind);
  });
});

describe("a service's networks", () => {
  const networks = [network('n1', 'front'), network('n2', 'back'), network('h', 'host', { Scope: 'local' })];

  it.each<[string, unknown, unknown, unknown]>([
    ['of its tasks go before the old list', to('n1'), to('n2'), { task: { networks: on('n1') } }],
    ['are the old list where the tasks name none', [], to('n2'), { networks: on('n2') }],
    ['are the old list where Go prints null', null, to('n2'), { networks: on('n2') }],
    ['may be none', undefined, undefined, { networks: [] }],
    ['are named by id or name, each once', to('front', 'n1', 'n2'), null, { task: { networks: on('n1', 'n2') } }],
    // With the local network left out first, the old list would count.
    ['of its tasks go before the old list even if all are local', to('host'), to('n2'), { task: { networks: [] } }],
    ['by the id of a local network are left out', to('h', 'n2'), null, { task: { networks: on('n2') } }],
  ])('%s', (_, ofTask, ofService, expected) => {
    expect(specOf(read(networks, service('s', ofTask, ofService)), 's')).toEqual({
      annotations: { name: 's-name' },
      ...(expected as Json),
    });
  });

  it('go by id before name, and by a name of the swarm before a local one', () => {
    const tricky = [network('front', 'other'), ...networks, network('x', 'back', { Scope: 'local' })];
    expect(specOf(read(tricky, service('s', to('front', 'back'))), 's')?.task).toEqual({ networks: on('front', 'n2') });
  });

  it('may be a snapshot of our own', () => {
    const own = {
      services: [],
      tasks: [],
      networks: [{ id: 'own', spec: { annotations: { name: 'mine' } } }, { id: 'o2' }],
    };
    const input = read(own, [service('s', to('mine', 'o2'))]);
    expect(specOf(input, 's')?.task).toEqual({ networks: on('own', 'o2') });
    expect(input.snapshot.networks).toEqual(own.networks);
  });

  it('that each node has are told by their label, inspected or attached', () => {
    const Labels = { 'com.docker.swarm.predefined': 'true' };
    const inspected = read([network('p', 'host', { Labels })], service('s', to('p')));
    expect(inspected.snapshot.networks).toEqual([]);
    expect(inspected.unusable.map(({ object }) => object)).toEqual(['network#p', 'service#s']);
    const ofTask = task('t', 's', { NetworksAttachments: [{ Network: { ID: 'p', Spec: { Name: 'host', Labels } } }] });
    const shown = read(service('s', to('p')), [ofTask, { ...ofTask, ID: 't2' }]);
    expect(shown.unusable.map(({ object }) => object)).toEqual(['network#p', 'service#s']);
    expect(shown.snapshot.tasks[0]).not.toHaveProperty('networks');
  });
});

describe('a task', () => {
  it('has what Docker says of it, and nothing where that is silent', () => {
    const { snapshot } = read(service('s'), [task('t', 's', { Status: undefined })]);
    expect(snapshot.tasks).toEqual([{ serviceId: 's', id: 't', desiredState: 'running' }]);
  });

  it('without a service, attached to nothing, says just that', () => {
    const { snapshot, unusable } = read(service('s'), [task('t', '')]);
    expect(snapshot.tasks).toEqual([]);
    expect(unusable).toMatchObject([{ where: 'b.json: [0]', object: 'task#t' }]);
    expect(unusable[0]?.reason).toBe(
      'it has no service, as a container of docker run, and tasks are kept under their service',
    );
  });

  it('reports a network that is nowhere once', () => {
    const input = read(
      service('s'),
      [network('n', 'n')],
      [task('t', 's', attached('x', 'n')), task('u', 's', attached('x'))],
    );
    expect(input.snapshot.tasks.map(({ networks }) => networks)).toEqual([on('n'), undefined]);
    expect(input.unusable).toMatchObject([{ where: 'c.json: [0]', object: 'network#x' }]);
  });
});

it('the ingress network of old is told by its label', () => {
  const Labels = { 'com.docker.swarm.internal': 'true' };
  const { networks } = read([network('i', 'ingress', { Labels }), network('n', 'other', { Labels })]).snapshot;
  expect(networks.map((one) => one.protected)).toEqual([true, undefined]);
});

it('one object without an array is taken too, and so is an empty array', () => {
  expect(read(network('n', 'net'), []).snapshot.networks).toEqual([
    { id: 'n', spec: { annotations: { name: 'net' } } },
  ]);
});

describe('files of both shapes', () => {
  const own = (more: Json = {}) => ({ services: [], networks: [], tasks: [], ...more });

  it('are taken together, and what they hold alike counts once', () => {
    const input = read(
      [network('n', 'net')],
      own({ services: [{ id: 's', spec: { networks: on('n') } }], networks: [{ id: 'm' }] }),
      own({ networks: [{ id: 'm' }], tasks: [{ serviceId: 's', id: 't' }] }),
    );
    expect(input.unusable).toEqual([]);
    expect(input.snapshot.networks.map(({ id }) => id).sort()).toEqual(['m', 'n']);
    expect(input.snapshot.tasks).toEqual([{ serviceId: 's', id: 't' }]);
  });

  it('may use a task id for two services', () => {
    const services = [{ id: 's' }, { id: 's2' }];
    const tasks = services.map(({ id }) => ({ serviceId: id, id: 't' }));
    expect(read(own({ services, tasks })).snapshot.tasks).toEqual(tasks);
  });

  it.each<[string, unknown[], string]>([
    [
      'neither shape',
      [{ message: 'This node is not a swarm manager.' }],
      'a.json: [0] is an error of Docker\'s daemon ("This node is not a swarm manager.")',
    ],
    ['a text', ['hello'], 'a.json: [0] is "hello", neither'],
    ['an object of no kind', [[service('s'), { ID: 'n', Spec: { Role: 'worker' } }]], 'a.json: [1] is {"ID":"n"'],
    ['a snapshot with a list that is none', [{ networks: {} }], 'a.json: networks is {}; it must be a list'],
    ['a wrong entry of a snapshot', [own({ networks: [{ id: 7 }] })], 'a.json: networks[0].id is 7'],
    [
      'networks of one id that differ',
      [[network('n', 'a')], [network('n', 'b')]],
      'b.json: [0] and a.json: [0] both have the id "n", and differ',
    ],
    [
      'a task seen in two states',
      [service('s'), [task('t', 's')], [task('t', 's', { Status: { State: 'failed' } })]],
      'c.json: [0] and b.json: [0] both have the id "t", and differ',
    ],
    [
      'an old-style reference to nowhere',
      [service('s', null, to('n1'))],
      'a.json: [0].Spec.Networks[0].Target is "n1", and no such network is given',
    ],
    [
      'a reference to nowhere',
      [[network('n', 'net')], [service('s', to('n', 'gone'))]],
      'b.json: [0].Spec.TaskTemplate.Networks[1].Target is "gone", and no such network is given',
    ],
    ['a reference without a target', [service('s', [{}])], 'Networks[0].Target is missing, and no such network'],
    [
      'a reference without a target beside a local network without a name',
      [[network('n', 'net', { Scope: 'local', Name: undefined })], service('s', [{}])],
      'Networks[0].Target is missing, and no such network',
    ],
    [
      'a name that two networks have',
      [[network('n1', 'net'), network('n2', 'net')], service('s', to('net'))],
      'is "net", a name that networks n1, n2 have',
    ],
    ['networks that are no list', [service('s', 'n1')], 'a.json: [0].Spec.TaskTemplate.Networks is "n1"; it must be a'],
    ['labels that are no object', [network('n', 'net', { Labels: 'a' })], 'a.json: [0].Labels is "a"; it must be an'],
    ['a name that is none', [{ ID: 's', Spec: { TaskTemplate: {} } }], 'a.json: [0].Spec.Name is missing'],
    [
      '33 networks of one service',
      [
        Array.from({ length: 33 }, (_, n) => network(`n${n}`, `n${n}`)),
        service('s', to(...Array.from({ length: 33 }, (_, n) => `n${n}`))),
      ],
      'names 33 networks; a service has at most 32',
    ],
    ['an id that fits no key', [network('', 'net')], 'a.json: [0].Id is ""; it must be a string of 1 to'],
    [
      'more objects together than are loaded',
      [0, 1].map((file) => Array.from({ length: 5001 }, (_, n) => network(`n${file}-${n}`, `${file}-${n}`))),
      'has 10002 networks; at most 10000 are loaded at once',
    ],
    [
      "a number that DynamoDB can't hold",
      [own({ networks: [{ id: 'n', big: 2 ** 60 }] })],
      "a.json: networks[0] holds what DynamoDB can't",
    ],
  ])('refuse %s', (_, documents, message) => {
    expect(() => read(...documents)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining(message) }),
    );
  });

  it('refuse what is not JSON, naming the file', () => {
    expect(() => readImport([{ name: 'broken.json', text: '[{' }])).toThrow(/refused: broken\.json: is not JSON/);
  });
});
