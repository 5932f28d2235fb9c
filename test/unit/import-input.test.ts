/** What an import lacks, can't use, or can't read: told, and refused unless it is allowed. */
import { describe, expect, it } from 'vitest';
import { decodeText } from '../../lib/operate/snapshots/documents.ts';
import { prepareImport } from '../../lib/operate/snapshots/look-up.ts';
import { type ImportInput, type ReadOptions, readImport } from '../../lib/operate/snapshots/read-import.ts';
import { groupByCause } from '../../lib/operate/snapshots/unusable.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';

type Json = Record<string, unknown>;

const network = (id: string, more: Json = {}): Json => ({ Id: id, Name: `${id}-net`, Scope: 'swarm', ...more });
const replicated = (Replicas: number) => ({ Mode: { Replicated: { Replicas } } });
const service = (id: string, spec: Json = replicated(1), more: Json = {}): Json => ({
  ID: id,
  Spec: { Name: `${id}-name`, TaskTemplate: {}, ...spec },
  ...more,
});
const onNetworks = (...targets: string[]) => ({ TaskTemplate: { Networks: targets.map((Target) => ({ Target })) } });
const task = (id: string, ServiceID: string, more: Json = {}): Json => ({
  ID: id,
  ServiceID,
  Status: { State: 'running' },
  DesiredState: 'running',
  ...more,
});
const own = (more: Json = {}) => ({ services: [], networks: [], tasks: [], ...more });

/** One file a text, named a.json, b.json, … */
const readTexts = (texts: readonly string[], options?: ReadOptions): ImportInput =>
  readImport(
    texts.map((text, n) => ({ name: `${'abc'[n]}.json`, text })),
    options,
  );
const read = (documents: readonly unknown[], options?: ReadOptions) =>
  readTexts(
    documents.map((document) => JSON.stringify(document)),
    options,
  );
const refusal = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    expect(error).toMatchObject({ code: 'InvalidArgument' });
    return (error as Error).message;
  }
  throw new Error('it was not refused');
};

describe('what is lacking is told, and refused unless partial is given:', () => {
  const lacking: [string, unknown[], kind: string, objects: string[], reason: string][] = [
    [
      'tasks of services that say how many they run, without a file of tasks',
      [[service('web', replicated(3)), service('api')]],
      'tasks',
      ['service#web', 'service#api'],
      '2 services say that they run 4 tasks, and none of these is given',
    ],
    [
      'tasks where the list of them is empty',
      [[service('web', replicated(3))], []],
      'tasks',
      ['service#web'],
      'a service says that it runs 3 tasks, and none of these is given',
    ],
    ['tasks where the list is null', [[service('web')], null], 'tasks', ['service#web'], 'runs 1 task, and none'],
    [
      'tasks of one service beside another whose tasks are given',
      [[service('web'), service('api')], [task('t', 'web')]],
      'tasks',
      ['service#api'],
      'a service says that it runs 1 task, and none',
    ],
    [
      'some tasks of a service',
      [[service('web', replicated(3))], [task('t', 'web')]],
      'tasks',
      ['service#web'],
      'runs 3 tasks, and only 1 of these is given',
    ],
    [
      'tasks of a global service that tells its status',
      [[service('web', { Mode: { Global: {} } }, { ServiceStatus: { RunningTasks: 2, DesiredTasks: 5 } })], own()],
      'tasks',
      ['service#web'],
      'runs 5 tasks, and none',
    ],
    [
      'tasks of a global service that says no number, where there are none at all',
      [[service('web', { Mode: { Global: {} } })]],
      'tasks',
      ['service#web'],
      'no tasks are given: a service would seem to have none',
    ],
    [
      'the tasks of a snapshot',
      [{ networks: [], services: [{ id: 'web' }] }],
      'tasks',
      ['service#web'],
      'no tasks are given',
    ],
    [
      'tasks that are null in a snapshot',
      [own({ services: [{ id: 'web' }], tasks: null })],
      'tasks',
      ['service#web'],
      'no tasks are given',
    ],
    [
      'services beside networks',
      [[network('front')]],
      'services',
      ['network#front'],
      'no services are given: a network would seem unused',
    ],
    [
      'services of tasks',
      [[task('t', 'web')]],
      'services',
      ['task#t'],
      'no services are given, nor are those of these tasks in the tables',
    ],
    [
      'the networks of a snapshot',
      [{ services: [], tasks: [] }],
      'networks',
      ['a.json'],
      'no networks are given, and a snapshot has a list of them',
    ],
  ];
  it.each(lacking)('%s', (_, documents, kind, objects, reason) => {
    const message = refusal(() => read(documents));
    expect(message).toContain(`${kind} are lacking: `);
    expect(message).toContain(reason);
    expect(message).toContain('--partial');
    const { lacks } = read(documents, { partial: true });
    expect(lacks).toEqual([{ kind, objects, reason: expect.stringContaining(reason) }]);
  });

  const whole: [string, unknown[]][] = [
    ['a service that runs none', [[service('web', replicated(0))], []]],
    ['as many tasks as a service says, in whatever state', [[service('web')], [task('t', 'web', { Status: {} })]]],
    [
      'a global service without a node, beside tasks of another',
      [[service('web', { Mode: { Global: {} } }), service('api')], [task('t', 'api')]],
    ],
    ['a snapshot whose lists are empty', [own({ services: [{ id: 'web' }], networks: [{ id: 'front' }] })]],
    ['a snapshot in two files', [{ services: [{ id: 'web' }], networks: [] }, { tasks: [] }]],
    ['an empty snapshot', [own()]],
  ];
  it.each(whole)('not %s', (_, documents) => {
    expect(read(documents).lacks).toEqual([]);
  });

  it('the first objects are named, and the others counted', () => {
    const services = Array.from({ length: 9 }, (_, n) => service(`s${n}`));
    expect(refusal(() => read([services]))).toContain(
      '(service s0, service s1, service s2, service s3, service s4, and 4 more)',
    );
  });
});

describe('nothing at all is said, and refused unless partial is given:', () => {
  it.each([
    ['an empty list', '[]', 'a.json holds an empty list'],
    ['an empty list in a list', '[[], []]', 'a.json holds an empty list'],
    ['null', 'null\n', 'a.json holds null'],
    ['no text', ' \n', 'a.json holds no text'],
  ])('%s', (_, text, sentence) => {
    expect(refusal(() => readTexts([text]))).toContain(`there is no object to import; ${sentence}`);
    expect(readTexts([text], { partial: true }).empty).toEqual([sentence]);
  });
});

describe('documents', () => {
  const web = service('web', replicated(0));
  const api = service('api', replicated(0));
  const idsOf = ({ snapshot }: ImportInput) => snapshot.services.map(({ id }) => id);

  it.each([
    ['arrays one after another', `[${JSON.stringify(web)}]\n[${JSON.stringify(api)}]\n`],
    ['objects, one on each line', `${JSON.stringify(web)}\r\n${JSON.stringify(api)}\r\n`],
    ['objects on many lines', `${JSON.stringify(web, null, 2)}${JSON.stringify(api, null, 2)}`],
    ['arrays of arrays', JSON.stringify([[web], [api]])],
    ['an array after null', `null [${JSON.stringify(web)}, ${JSON.stringify(api)}]`],
  ])('may be %s', (_, text) => {
    expect(idsOf(readTexts([text]))).toEqual(['web', 'api']);
  });

  it('are told apart whatever stands in their texts', () => {
    const odd = service('web', { ...replicated(0), Name: 'a "quoted" } ] { [ \\ name' });
    expect(idsOf(readTexts([`${JSON.stringify(odd)} ${JSON.stringify(api)}`]))).toEqual(['web', 'api']);
  });

  it('that are no JSON are named by their number', () => {
    const text = `[${JSON.stringify(web)}]\nError: no such service: api\n`;
    expect(refusal(() => readTexts([text]))).toContain('a.json: document 2 is not JSON');
  });

  it('may each begin with a mark of the byte order, as files that were put together do', () => {
    const texts = [web, api].map((one) => `\uFEFF${JSON.stringify(one)}\r\n`);
    expect(idsOf(readTexts([texts.join('')]))).toEqual(['web', 'api']);
    expect(idsOf(readTexts([decodeText('a.json', Buffer.from(texts.join(''), 'utf16le'))]))).toEqual(['web', 'api']);
  });

  it('that hold a snapshot without objects are said to', () => {
    const { empty, lacks } = readTexts(['{"networks":[],"services":[],"tasks":[]}']);
    expect([empty, lacks]).toEqual([['a.json holds a snapshot without objects'], []]);
  });

  it('are named by their number where an object of one can not be used', () => {
    const text = `${JSON.stringify(web)} ${JSON.stringify(service('api', { ...replicated(0), Labels: 7 }))}`;
    expect(refusal(() => readTexts([text]))).toContain('a.json: document 2.Spec.Labels is 7');
  });

  it.each([
    [
      'ID             NAME       MODE         REPLICAS   IMAGE\nabc  web  replicated  1/1  nginx\n',
      'docker service inspect',
    ],
    [
      'ID        NAME    IMAGE   NODE   DESIRED STATE   CURRENT STATE\nabc  web.1  n  n  Running  Running\n',
      '--type task',
    ],
    ['\uFEFFNETWORK ID     NAME      DRIVER    SCOPE\r\nabc  ingress  overlay  swarm\r\n', 'docker network inspect'],
    ['NAME      SERVICES\nshop      2\n', 'docker service inspect'],
    [
      'services:\n  web:\n    image: nginx\n',
      'give JSON, as "docker service inspect" and "deallocator export" print it',
    ],
  ])('that are a table or another text for people are met with the command that prints JSON: %j', (text, remedy) => {
    const told = refusal(() => readTexts([text]));
    expect(told).toMatch(/a\.json(:| )/);
    expect(told).toContain(remedy);
    expect(told).not.toContain('Unexpected token');
  });

  it('that are packed are told to be', () => {
    expect(refusal(() => decodeText('a.json.gz', Buffer.from([0x1f, 0x8b, 8, 0])))).toContain(
      'a.json.gz is packed by gzip; unpack it',
    );
  });

  const bytesOf = (text: string, isBigEndian: boolean) => {
    const bytes = Buffer.from(text, 'utf16le');
    return isBigEndian ? bytes.swap16() : bytes;
  };
  it.each([
    ['UTF-8', Buffer.from('["ä"]')],
    ['UTF-8 with its mark', Buffer.from('\uFEFF["ä"]')],
    ['UTF-16, little-endian', bytesOf('\uFEFF["ä"]', false)],
    ['UTF-16, big-endian', bytesOf('\uFEFF["ä"]', true)],
    ['UTF-16 without a mark, little-endian', bytesOf('["ä"]', false)],
    ['UTF-16 without a mark, big-endian', bytesOf('["ä"]', true)],
  ])('may be %s', (_, bytes) => {
    expect(decodeText('a.json', bytes)).toBe('["ä"]');
  });

  it('in another encoding are refused', () => {
    expect(refusal(() => decodeText('a.json', Buffer.from('["\xe4"]', 'latin1')))).toContain(
      'a.json is not UTF-8 text; save it as UTF-8',
    );
  });

  it.each<[string, Json, string]>([
    [
      'docker service ls',
      { ID: 'a', Image: 'i', Mode: 'replicated', Name: 'web', Ports: '', Replicas: '1/1' },
      'docker service inspect $(docker service ls -q)',
    ],
    [
      'docker service ps',
      { ID: 'a', CurrentState: 'Running 2 days ago', DesiredState: 'Running', Error: '', Name: 'web.1', Node: 'n' },
      'docker inspect --type task',
    ],
    ['docker network ls', { ID: 'a', Driver: 'overlay', Scope: 'swarm', Name: 'front' }, 'docker network inspect'],
    ['docker stack ls', { Name: 'shop', Services: '3' }, 'docker service inspect'],
    ['docker node ls', { ID: 'a', Hostname: 'n', Availability: 'Active', Status: 'Ready' }, 'leave it out'],
    ['docker ps', { ID: 'a', Command: '"x"', Image: 'i', Names: 'web.1.abc' }, 'docker inspect --type task'],
  ])('that are lines of %s are refused with the remedy', (command, line, remedy) => {
    const message = refusal(() => readTexts([`${JSON.stringify(line)}\n${JSON.stringify(line)}\n`], ALL));
    expect(message).toContain(`document 1 is a line of "${command}": `);
    expect(message).toContain(remedy);
  });

  it("that are the daemon's error are refused with its words", () => {
    expect(refusal(() => read([{ message: 'This node is not a swarm manager.' }], ALL))).toContain(
      'is an error of Docker\'s daemon ("This node is not a swarm manager.")',
    );
  });
});

const ALL: ReadOptions = { partial: true, skipUnusable: true };

describe("what can't be used is named in the file's own words, and left out with what hangs on it:", () => {
  const zero = { ID: '', Version: {}, Spec: { ForceUpdate: 0 }, Status: {} };
  const unusable: [string, unknown[], words: string, objects: string[], left: string[]][] = [
    [
      'a reference to a network that is gone',
      [
        [network('front')],
        [service('old', onNetworks('gone')), service('web', onNetworks('front'))],
        [task('t', 'old')],
      ],
      'b.json: [0].Spec.TaskTemplate.Networks[0].Target is "gone", and no such network is given',
      ['service#old', 'task#old#t'],
      ['network#front', 'service#web'],
    ],
    [
      "an empty stack's label of a service",
      [[service('web', { Labels: { 'com.docker.stack.namespace': '' } })], [task('t', 'web')]],
      'a.json: [0].Spec.Labels["com.docker.stack.namespace"] is ""; it must be a stack\'s name',
      ['service#web', 'task#web#t'],
      [],
    ],
    [
      "an empty stack's label of a network, with all that hangs on it",
      [
        [network('front', { Labels: { 'com.docker.stack.namespace': '' } })],
        [service('web', onNetworks('front')), service('api', onNetworks())],
        [task('t', 'web')],
      ],
      'a.json: [0].Labels["com.docker.stack.namespace"] is ""',
      ['network#front', 'service#web', 'task#web#t'],
      ['service#api'],
    ],
    [
      'an object of zeros',
      [[service('web')], [task('t', 'web'), zero]],
      'b.json: [1] has the empty ID ""',
      ['b.json: [1]'],
      ['service#web', 'task#web#t'],
    ],
    [
      'a node',
      [[service('web', replicated(0)), { ID: 'n1', Spec: { Role: 'manager' }, Description: { Hostname: 'n' } }]],
      'a.json: [1] is a node, and services, tasks and networks are imported',
      ['node#n1'],
      ['service#web'],
    ],
    [
      'what is no object',
      [[service('web', replicated(0)), 7]],
      'a.json: [1] is 7, neither a snapshot nor',
      ['a.json: [1]'],
      ['service#web'],
    ],
    [
      'an entry of a snapshot',
      [own({ networks: [7, { id: 'front' }], services: [{ id: 'web', spec: { networks: [{ target: 'gone' }] } }] })],
      'a.json: networks[0] is 7; it must be an object',
      ['a.json: networks[0]', 'service#web'],
      ['network#front'],
    ],
    [
      'a task seen in two states, of which the first stays',
      [service('web'), [task('t', 'web')], [task('t', 'web', { Status: { State: 'failed' } })]],
      'c.json: [0] and b.json: [0] both have the id "t", and differ',
      ['c.json: [0]'],
      ['service#web', 'task#web#t'],
    ],
  ];
  it.each(unusable)('%s', (_, documents, words, objects, left) => {
    const message = refusal(() => read(documents, { partial: true }));
    expect(message).toContain(words);
    expect(message).toContain('--skip-unusable');
    const { snapshot, skipped } = read(documents, ALL);
    expect(skipped.map(({ object }) => object)).toEqual(objects);
    const { networks, services, tasks } = snapshot;
    expect([
      ...networks.map(({ id }) => `network#${id}`),
      ...services.map(({ id }) => `service#${id}`),
      ...tasks.map(({ serviceId, id }) => `task#${serviceId}#${id}`),
    ]).toEqual(left);
  });

  it('not a task seen twice where Docker tells which is newer', () => {
    const old = task('t', 'web', { Version: { Index: 3 }, Status: { State: 'starting' } });
    const now = task('t', 'web', { Version: { Index: 10 } });
    for (const order of [
      [old, now],
      [now, old],
    ]) {
      expect(read([service('web'), ...order]).snapshot.tasks).toMatchObject([{ status: { state: 'running' } }]);
    }
  });

  it('many for one cause are told as one', () => {
    const services = Array.from({ length: 84 }, (_, n) => service(`s${n}`, onNetworks('gone')));
    expect(refusal(() => read([services], { partial: true }))).toContain('(and 83 more for the same cause). Mend');
    expect(groupByCause(read([services], ALL).skipped)).toMatchObject([
      { cause: 'network#gone', objects: { length: 84 } },
    ]);
  });
});

describe('what the files refer to is looked up in the tables:', () => {
  const notFound = () => Promise.reject(new DeallocatorError('NotFound', 'it is not there'));
  const tables = {
    getNetwork: (id: string) => (id === 'front' ? Promise.resolve({ id }) : notFound()),
    getService: (id: string) => (id === 'web' ? Promise.resolve({ id }) : notFound()),
    listNetworks: async () => ({ items: [{ id: 'n2', spec: { annotations: { name: 'back' } } }, { id: 'n3' }] }),
  };
  const prepare = (documents: readonly unknown[], options: ReadOptions = {}) =>
    prepareImport(
      documents.map((document, n) => ({ name: `${'abc'[n]}.json`, text: JSON.stringify(document) })),
      async () => tables,
      options,
    );

  it('a network by its id, and by its name, of a service and of a task', async () => {
    const attached = { NetworksAttachments: [{ Network: { ID: 'front' } }] };
    const { snapshot, unusable } = await prepare([
      [service('s', onNetworks('front', 'back'))],
      [task('t', 's', attached)],
    ]);
    expect(snapshot.services[0]?.spec?.task?.networks).toEqual([{ target: 'front' }, { target: 'n2' }]);
    expect(snapshot.tasks[0]?.networks).toEqual([{ target: 'front' }]);
    expect(unusable).toEqual([]);
  });

  it('a network and a service of a snapshot', async () => {
    const services = [{ id: 's', spec: { networks: [{ target: 'front' }] } }];
    const { snapshot } = await prepare([own({ services, tasks: [{ serviceId: 'web', id: 't' }] })]);
    expect(snapshot).toEqual({ networks: [], services, tasks: [{ serviceId: 'web', id: 't' }] });
  });

  it('the service of tasks', async () => {
    expect((await prepare([[task('t', 'web'), task('u', 'web')]])).snapshot.tasks).toHaveLength(2);
  });

  it('and what is not there either is missing', async () => {
    await expect(prepare([[service('s', onNetworks('gone'))]], { partial: true })).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('"gone", and no such network is given'),
    });
  });

  it('nothing, where the files are whole', async () => {
    const files = [{ name: 'a.json', text: JSON.stringify([service('s'), task('t', 's')]) }];
    const open = () => Promise.reject(new Error('nothing is to be looked up'));
    expect((await prepareImport(files, open)).snapshot.tasks).toHaveLength(1);
  });
});
