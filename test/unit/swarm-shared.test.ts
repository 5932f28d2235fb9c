/**
 * Volumes, secrets and configs of a real swarm, for a lifecycle that has them. The fixtures are the examples of Docker's own reference:
 * https://docs.docker.com/reference/api/engine/version/v1.51/ and https://docs.docker.com/reference/cli/docker/config/inspect/
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT_ALL, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { listsOf } from '../../lib/operate/snapshots/lists.ts';
import { type ImportInput, readImport } from '../../lib/operate/snapshots/read-import.ts';

type Json = Record<string, unknown>;

const plan = planOf(SWARMKIT_ALL);
const fixture = (kind: string) => {
  const path = join(import.meta.dirname, '..', 'fixtures', 'swarm', `${kind}.json`);
  return { name: `${kind}.json`, text: readFileSync(path, 'utf8') };
};
const SHARED = ['volumes', 'secrets', 'configs'].map(fixture);
const SWARM = ['services', 'tasks', 'networks'].map(fixture);

/** As the reference shows a service with a mount; its container is of a test. */
const service = (id: string, ContainerSpec: Json): Json => ({
  ID: id,
  Version: { Index: 19 },
  Spec: { Name: `${id}-name`, TaskTemplate: { ContainerSpec: { Image: 'nginx', ...ContainerSpec } } },
});
const secret = (SecretID: unknown) => ({ Secrets: [{ SecretID, SecretName: 'x', File: { Name: 'x' } }] });
const config = (ConfigID: unknown) => ({ Configs: [{ ConfigID, ConfigName: 'x', File: { Name: 'x' } }] });
const mount = (Source: unknown, Type = 'volume') => ({ Mounts: [{ Type, Source, Target: '/data' }] });

const read = (...documents: unknown[]): ImportInput =>
  readImport([...SHARED, ...documents.map((one, n) => ({ name: `${'abc'[n]}.json`, text: JSON.stringify(one) }))], {
    partial: true,
    plan,
  });
const containerOf = (input: ImportInput, id = 's') =>
  (input.snapshot.services.find((one) => one.id === id)?.spec?.task as Json | undefined)?.container;

describe('a real swarm with all that its services share', () => {
  const input = readImport([...SWARM, ...SHARED], { plan });

  it('has volumes by their names, secrets and configs by their ids, and nothing that is in them', () => {
    const { volumes, secrets, configs } = input.snapshot;
    expect(volumes).toEqual([
      {
        id: 'tardis',
        spec: {
          annotations: {
            name: 'tardis',
            labels: { 'com.example.some-label': 'some-value', 'com.example.some-other-label': 'some-other-value' },
          },
        },
      },
      { id: 'web-data', spec: { annotations: { name: 'web-data' } } },
      {
        id: 'shop-files',
        spec: { annotations: { name: 'shop-files', labels: { 'com.docker.stack.namespace': 'shop' } } },
      },
    ]);
    expect(secrets?.map(({ id }) => id)).toEqual([
      'nue48uim4gpdsrkjo0muanw1t',
      'blt1owaxmitz71s9v5zh81zun',
      'ktnbjxoalbkvbvedmg1urrz8h',
    ]);
    expect(configs).toEqual([
      {
        id: 'eo7jnzguqgtpdah3cm5srfb97',
        spec: { annotations: { name: 'my_config', labels: { env: 'dev', rev: '20170324' } } },
      },
      { id: '9uuiy5jzo7fnlp3tz2gnoa0qz', spec: { annotations: { name: 'server.conf', labels: {} } } },
    ]);
    expect(JSON.stringify(input.snapshot)).not.toMatch(/dG9wIHNlY3JldAo|secret-bucket|hunter2/);
  });

  it('has what its services hold', () => {
    expect(containerOf(input, 'syussvkmj36l05uwm8ysb9871')).toEqual({
      secrets: [{ secretID: 'nue48uim4gpdsrkjo0muanw1t' }],
    });
    expect(containerOf(input, 'dv5hu8o522jh92xal2g1grv23')).toBeUndefined();
    expect(input.skipped).toEqual([]);
  });

  it('reads the same of one file, given twice, and of its own snapshot', () => {
    const all = [...SWARM, ...SHARED].map(({ text }) => JSON.parse(text) as unknown);
    const together = readImport([{ name: 'all.json', text: all.map((one) => JSON.stringify(one)).join('\n') }], {
      plan,
    });
    expect(together.snapshot).toEqual(input.snapshot);
    expect(readImport([...SWARM, ...SHARED, ...SHARED], { plan }).snapshot).toEqual(input.snapshot);
    const again = readImport([{ name: 'own.json', text: JSON.stringify(input.snapshot) }], { plan });
    expect(again.snapshot).toEqual(input.snapshot);
  });

  it('is nothing of the kinds of a deployment that declares none of them', () => {
    const without = readImport(SWARM);
    expect(Object.keys(without.snapshot)).toEqual(['networks', 'services', 'tasks']);
    expect(JSON.stringify(without.snapshot)).not.toContain('nue48uim4gpdsrkjo0muanw1t');
    expect(() => readImport([...SWARM, ...SHARED])).toThrow(
      /volumes\.json: \[0\]\.Volumes\[0\] is a volume, and services, tasks and networks are imported/,
    );
  });
});

describe('a line of a listing', () => {
  const CreatedAt = '2 days ago';
  it.each<[string, Json, Json]>([
    [
      'docker volume ls',
      {
        Availability: 'N/A',
        Driver: 'local',
        Group: 'N/A',
        Labels: 'a=1,b=2,3',
        Links: 'N/A',
        Mountpoint: '/v',
        Name: 'v',
        Scope: 'local',
        Size: 'N/A',
        Status: 'N/A',
      },
      {
        volumes: [
          expect.anything(),
          expect.anything(),
          expect.anything(),
          { id: 'v', spec: { annotations: { name: 'v', labels: { a: '1', b: '2,3' } } } },
        ],
      },
    ],
    [
      'docker secret ls',
      { CreatedAt, Driver: '', ID: 'xyz', Labels: '', Name: 'pw', UpdatedAt: CreatedAt },
      { secrets: expect.arrayContaining([{ id: 'xyz', spec: { annotations: { name: 'pw', labels: {} } } }]) },
    ],
    [
      'docker config ls',
      { CreatedAt, ID: 'xyz', Labels: '', Name: 'conf', UpdatedAt: CreatedAt },
      { configs: expect.arrayContaining([{ id: 'xyz', spec: { annotations: { name: 'conf', labels: {} } } }]) },
    ],
  ])('of %s is taken as well', (_, line, expected) => {
    expect(read(line).snapshot).toMatchObject(expected);
  });
});

describe("a service's references", () => {
  it.each<[string, Json, unknown]>([
    ['to a secret', secret('ktnbjxoalbkvbvedmg1urrz8h'), { secrets: [{ secretID: 'ktnbjxoalbkvbvedmg1urrz8h' }] }],
    ['to a config', config('9uuiy5jzo7fnlp3tz2gnoa0qz'), { configs: [{ configID: '9uuiy5jzo7fnlp3tz2gnoa0qz' }] }],
    ['to a volume by its name', mount('web-data'), { mounts: [{ source: 'web-data' }] }],
    [
      'to a volume of the cluster by its id',
      mount('g6rf6xb1r1x9vt6wlhkd2hsbr', 'cluster'),
      { mounts: [{ source: 'shop-files' }] },
    ],
    ['to the volumes of a group', mount('group:fast', 'cluster'), { mounts: [{ source: 'shop-files' }] }],
    ['to a folder of the node, which nobody shares', mount('/var/run/docker.sock', 'bind'), undefined],
    ['to a volume without a name, which goes with its task', mount(undefined), undefined],
    ['that Go prints as null', { Secrets: null, Mounts: null }, undefined],
    [
      'that are there twice count once',
      { Secrets: [...secret('ktnbjxoalbkvbvedmg1urrz8h').Secrets, ...secret('ktnbjxoalbkvbvedmg1urrz8h').Secrets] },
      { secrets: [{ secretID: 'ktnbjxoalbkvbvedmg1urrz8h' }] },
    ],
  ])('%s', (_, container, expected) => {
    const input = read(service('s', container));
    expect(containerOf(input)).toEqual(expected);
    expect(input.unusable).toEqual([]);
  });

  it('to a volume that no node has made yet are left out, and told', () => {
    const input = read(service('s', mount('later')));
    expect(containerOf(input)).toBeUndefined();
    expect(input.unusable).toEqual([
      {
        where: 'a.json: [0]',
        object: 'service#s',
        reason: expect.stringContaining('reference to volume "later" was left out'),
      },
    ]);
  });

  it.each<[string, Json, string]>([
    ['a secret', secret('gone'), 'Secrets names secret "gone", and no such secret is given'],
    ['a config', config('gone'), 'Configs names config "gone", and no such config is given'],
    ['a volume of the cluster', mount('gone', 'cluster'), 'Mounts names volume "gone", and no such volume is given'],
    ['a secret without an id', { Secrets: [{}] }, 'Secrets names secret missing'],
    ['what is no list', { Secrets: {} }, 'ContainerSpec.Secrets is {}; it must be a list'],
  ])('to %s that is nowhere are refused: it would seem unused', (_, container, message) => {
    expect(() => read(service('s', container))).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining(message) }),
    );
  });

  it('hang on a secret that cannot be used', () => {
    const wrong = { ID: 'w', Spec: { Name: 'wrong', Labels: 7 } };
    const { skipped } = readImport([{ name: 'a.json', text: JSON.stringify([wrong, service('s', secret('w'))]) }], {
      partial: true,
      skipUnusable: true,
      plan,
    });
    expect(skipped.map(({ object, cause }) => [object, cause])).toEqual([
      ['secret#w', undefined],
      ['service#s', 'secret#w'],
    ]);
  });

  it('of 49 secrets are more than one transaction holds', () => {
    const ids = Array.from({ length: 49 }, (_, n) => `id${n}`);
    const secrets = ids.map((ID) => ({ ID, Spec: { Name: ID } }));
    const container = { Secrets: ids.flatMap((id) => secret(id).Secrets) };
    expect(() => read(secrets, service('s', container))).toThrow(/a service has at most 48/);
  });
});

describe('a snapshot of our own', () => {
  const own = (services: readonly Json[], more: Json = {}) => ({ services, networks: [], tasks: [], ...more });
  const using = (container: unknown) => [{ id: 's', spec: { task: { container } } }];

  it('may name what it holds', () => {
    const input = read(
      own(using({ secrets: [{ secretID: 'mine' }], mounts: [{ target: '/tmp' }] }), { secrets: [{ id: 'mine' }] }),
    );
    expect(input.snapshot.secrets).toContainEqual({ id: 'mine' });
  });

  it.each<[string, unknown, string]>([
    [
      'that is nowhere',
      { secrets: [{ secretID: 'gone' }] },
      'names secret "gone", and the snapshot has no such secret',
    ],
    ['that is no id', { configs: [{ configID: 7 }] }, 'must be a string of 1 to 2041 bytes'],
    ['that is no list', { mounts: 'web-data' }, 'mounts is "web-data"; it must be a list'],
  ])('is refused for a reference %s', (_, container, message) => {
    expect(() => read(own(using(container)))).toThrow(message);
  });

  it('is refused for a secret that is marked', () => {
    expect(() => read(own([], { secrets: [{ id: 'x', pendingDelete: true }] }))).toThrow('objects are loaded unmarked');
  });
});

it('a config whose data somebody took out is told from a secret by the service that names it', () => {
  const bare = { ID: 'bare', Spec: { Name: 'nginx.conf' } };
  const input = read([bare, service('s', config('bare'))]);
  expect(containerOf(input)).toEqual({ configs: [{ configID: 'bare' }] });
  expect(input.snapshot.secrets).not.toContainEqual(expect.objectContaining({ id: 'bare' }));
});

it('secrets alone lack their services', () => {
  expect(() => readImport([fixture('secrets')], { plan })).toThrow(
    /services are lacking: no services are given: a secret would seem unused/,
  );
});

describe('the lifecycle', () => {
  it.each([
    ['swarmkit()', planOf(swarmkit()), 3],
    [
      'swarmkit with every choice',
      planOf(swarmkit({ taskIsGone: 'terminal', stopTasks: true, taskNetworks: true })),
      3,
    ],
    ['SWARMKIT_ALL', plan, 6],
  ])('%s is one of SwarmKit', (_, one, lists) => {
    expect(listsOf(one)).toHaveLength(lists);
  });

  it.each([
    ['another', planOf(SANDBOX)],
    [
      'SwarmKit’s under other attributes',
      planOf(defineLifecycle({ ...swarmkit(), attributes: { pendingDelete: 'gone' } })),
    ],
  ])('%s has no snapshots', (_, one) => {
    expect(() => readImport(SWARM, { plan: one })).toThrow(
      expect.objectContaining({
        code: 'FailedPrecondition',
        message: expect.stringContaining("snapshots are of SwarmKit's kinds"),
      }),
    );
  });
});
