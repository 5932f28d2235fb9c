/** The deployed stack with a role for each grant, and everything that anybody may do there, done once. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteTableCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DeleteCommand,
  ExecuteStatementCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { CfnOutput } from 'aws-cdk-lib';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { expect } from 'vitest';
import { readNames } from '../../bin/synthesize.ts';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import type { DeallocatorStack } from '../../lib/infra/index.ts';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import type { Chance } from '../../lib/protocol/chance.ts';
import type { SwarmkitDeallocator } from '../infra/world.ts';
import { call } from './command-line.ts';
import { connectRaw } from './dynamodb.ts';
import { type LocalBackend, localBackend } from './local-backend.ts';
import { MARKED, network, service, task } from './objects.ts';
import { FUNCTION_NAMES, type FunctionName } from './swarmkit.ts';

export const GRANTEES = ['Reader', 'Writer', 'Operator', 'Sweeper'] as const;
export type Grantee = (typeof GRANTEES)[number];

export interface Granted {
  readonly backend: LocalBackend;
  /** Role names, by which their requests are signed. */
  readonly roles: Readonly<Record<Grantee, string>>;
  /** Logical ids, by which theirs are. */
  readonly functions: Readonly<Record<FunctionName, string>>;
}

/** Those that take the most permissions. */
const CHOICES = { stopTasks: true, taskNetworks: true } as const;

export async function startGranted(): Promise<Granted> {
  const backend = await localBackend(CHOICES, addGrantees);
  const { outputs } = backend.cloud;
  return {
    backend,
    roles: Object.fromEntries(GRANTEES.map((name) => [name, outputs[`${name}Role`]])) as Granted['roles'],
    functions: Object.fromEntries(
      FUNCTION_NAMES.map((name) => [name, outputs[idOutput(name)]]),
    ) as Granted['functions'],
  };
}

const idOutput = (name: FunctionName) => `${name.replaceAll('-', '')}Id`;

function addGrantees(stack: DeallocatorStack): void {
  const deallocator = stack.deallocator as SwarmkitDeallocator;
  const give: Record<Grantee, (role: Role) => void> = {
    Reader: (role) => deallocator.grantRead(role),
    Writer: (role) => deallocator.grantWrite(role),
    Operator: (role) => deallocator.grantOperate(role),
    Sweeper: (role) => deallocator.grantSweep(role),
  };
  for (const name of GRANTEES) {
    const role = new Role(stack, name, { assumedBy: new AccountRootPrincipal() });
    give[name](role);
    new CfnOutput(stack, `${name}Role`, { value: role.roleName });
  }
  for (const name of FUNCTION_NAMES) {
    const created = deallocator.functions[name].node.defaultChild;
    new CfnOutput(stack, idOutput(name), { value: stack.getLogicalId(created as never) });
  }
}

type Image = Readonly<Record<string, unknown>>;

const isMarked = { pendingDelete: { BOOL: true } };
const record = (eventName: string, keys: Readonly<Record<string, string>>, images: Image = {}) => ({
  eventName,
  dynamodb: {
    SequenceNumber: '1',
    Keys: Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, { S: value }])),
    ...images,
  },
});
const counter = (id: string) => ({ id, remaining: 1, epoch: 'e' });

/** Each function, told of what makes it do all of its work: by hand, so that no other one does it first. */
export async function runFunctions({ backend, functions }: Granted): Promise<void> {
  const { cloud, put } = backend;
  const invoke = async (name: FunctionName, event: unknown) => {
    const { error, payload } = await cloud.invoke(functions[name], event);
    expect(error, name).toBeUndefined();
    if (name !== 'sweep') expect(payload, name).toEqual({ batchItemFailures: [] });
  };
  /** Marked without a time, which must be written first; the service's network goes along. */
  const putDraining = async (prefix: string) => {
    await put('networks', network(`${prefix}own`, { ...MARKED, markedAt: '2026-01-01T00:00:00.000Z#1' }));
    await put('services', service(`${prefix}web`, [`${prefix}own`], MARKED));
    await put('attachments', { held: `network#${prefix}own`, holder: `service#${prefix}web` });
    await put('counters', counter(`service#${prefix}web`));
  };
  await cloud.pauseMappings();

  await putDraining('a-');
  await invoke('task-deleted', { Records: [record('REMOVE', { serviceId: 'a-web', id: 't1' }, { OldImage: {} })] });
  // A task that came without its attachment, and one that left it behind.
  const holds = { networks: { L: [{ M: { target: { S: 'a-held' } } }] } };
  await put('tasks', { ...task('a-busy', 't1'), networks: [{ target: 'a-held' }] });
  await invoke('task-deleted', {
    Records: [
      record('INSERT', { serviceId: 'a-busy', id: 't1' }, { NewImage: holds }),
      record('REMOVE', { serviceId: 'a-busy', id: 't2' }, { OldImage: holds }),
    ],
  });
  await put('attachments', { held: 'network#a-held', holder: 'task#6#a-busy#t3' });
  await invoke('task-deleted', { Records: [record('REMOVE', { serviceId: 'a-busy', id: 't3' }, { OldImage: holds })] });

  await put('networks', network('b-own', MARKED));
  await put('counters', counter('network#b-own'));
  await invoke('attachment-deleted', { Records: [record('REMOVE', { held: 'network#b-own', holder: 'service#web' })] });

  await put('networks', network('c-own', MARKED));
  await invoke('network-updated', {
    Records: [record('MODIFY', { id: 'c-own' }, { OldImage: {}, NewImage: isMarked })],
  });
  const cleared = { OldImage: isMarked, NewImage: {} };
  await invoke('network-updated', { Records: [record('MODIFY', { id: 'c-own' }, cleared)] });

  await putDraining('d-');
  const refersTo = { spec: { M: { networks: { L: [{ M: { target: { S: 'd-new' } } }] } } } };
  await put('services', service('d-web', ['d-own', 'd-new'], MARKED));
  const changed = { OldImage: {}, NewImage: { ...isMarked, ...refersTo } };
  await invoke('service-updated', { Records: [record('MODIFY', { id: 'd-web' }, changed)] });
  await invoke('service-updated', { Records: [record('MODIFY', { id: 'd-web' }, cleared)] });
  await put('services', service('d-busy', [], MARKED));
  await put('tasks', task('d-busy', 't1'));
  const marked = { OldImage: {}, NewImage: isMarked };
  await invoke('service-updated', { Records: [record('MODIFY', { id: 'd-busy' }, marked)] });

  await runForTwo(put, invoke);

  await putDraining('e-');
  await put('networks', network('f-own', MARKED));
  await put('services', service('f-busy', ['f-new'], MARKED));
  await put('tasks', { ...task('f-busy', 't1'), networks: [{ target: 'f-own' }] });
  await invoke('sweep', { parents: ['service#f-busy', 'task#6#f-busy#t1'] });
  await invoke('sweep', { restart: true, full: true });
  await invoke('sweep', {});

  cloud.resumeMappings();
  await backend.deliver();
}

/** What is asked for two parents together has actions of its own. */
async function runForTwo(
  put: LocalBackend['put'],
  invoke: (name: FunctionName, event: unknown) => Promise<void>,
): Promise<void> {
  const two = <T>(one: (n: 1 | 2) => T): [T, T] => [one(1), one(2)];
  const all = (one: (n: 1 | 2) => Promise<unknown>) => Promise.all(two(one));
  const changed = { OldImage: {}, NewImage: isMarked };
  // With its time: to stamp one takes a round, and a pause of its own.
  const timed = { ...MARKED, markedAt: '2026-01-01T00:00:00.000Z#1' };
  const putDraining = async (prefix: string) => {
    await put('networks', network(`${prefix}own`, timed));
    await put('services', service(`${prefix}web`, [`${prefix}own`], timed));
    await put('attachments', { held: `network#${prefix}own`, holder: `service#${prefix}web` });
    await put('counters', counter(`service#${prefix}web`));
  };
  await all((n) => putDraining(`g${n}-`));
  const gone = (n: number) => record('REMOVE', { serviceId: `g${n}-web`, id: 't' }, { OldImage: {} });
  await invoke('task-deleted', { Records: two(gone) });
  const holds = { networks: { L: [{ M: { target: { S: 'g-held' } } }] } };
  await all((n) => put('tasks', { ...task('g-busy', `t${n}`), networks: [{ target: 'g-held' }] }));
  const came = (n: number) => record('INSERT', { serviceId: 'g-busy', id: `t${n}` }, { NewImage: holds });
  await invoke('task-deleted', { Records: two(came) });
  await all((n) => put('services', service(`g${n}-left`, [], timed)));
  await all((n) => put('counters', counter(`service#g${n}-left`)));
  await all((n) => put('tasks', task(`g${n}-left`, 't')));
  const lost = (n: number) => record('REMOVE', { serviceId: `g${n}-left`, id: 'lost' }, { OldImage: {} });
  await invoke('task-deleted', { Records: two(lost) });

  await all((n) => put('networks', network(`h${n}-own`, timed)));
  await all((n) => put('counters', counter(`network#h${n}-own`)));
  const left = (n: number) => record('REMOVE', { held: `network#h${n}-own`, holder: 'service#web' });
  await invoke('attachment-deleted', { Records: two(left) });

  await all((n) => put('networks', network(`i${n}-own`, timed)));
  await all((n) => put('attachments', { held: `network#i${n}-own`, holder: 'service#i-web' }));
  await invoke('network-updated', { Records: two((n) => record('MODIFY', { id: `i${n}-own` }, changed)) });

  await all((n) => put('services', service(`j${n}-web`, [`j${n}-own`], timed)));
  await all((n) => put('networks', network(`j${n}-own`, timed)));
  await all((n) => put('tasks', task(`j${n}-web`, 't')));
  const refers = (n: number) => ({ spec: { M: { networks: { L: [{ M: { target: { S: `j${n}-own` } } }] } } } });
  const renewed = (n: number) =>
    record('MODIFY', { id: `j${n}-web` }, { OldImage: {}, NewImage: { ...isMarked, ...refers(n) } });
  await invoke('service-updated', { Records: two(renewed) });
  await all((n) => putDraining(`k${n}-`));
  await invoke('service-updated', { Records: two((n) => record('MODIFY', { id: `k${n}-web` }, changed)) });
  await all((n) => put('networks', network(`m${n}-own`, timed)));
  await all((n) => put('attachments', { held: `network#m${n}-own`, holder: 'service#m-web' }));
  await put(
    'services',
    service(
      'm-web',
      two((n) => `m${n}-own`),
      timed,
    ),
  );
  await invoke('service-updated', { Records: [record('MODIFY', { id: 'm-web' }, changed)] });

  await all((n) => put('tasks', { ...task('l-busy', `t${n}`), networks: [{ target: `j${n}-own` }] }));
  await invoke('sweep', { parents: two((n) => `task#6#l-busy#t${n}`) });
  await invoke('sweep', { parents: ['network#i1-own'] });
}

function connectionAs({ backend }: Granted, accessKeyId: string) {
  const { endpoint, region, secretAccessKey } = backend.cloud;
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}

/** Every method of the client, as the writer. */
export async function runClient(granted: Granted): Promise<void> {
  const client = new DeallocatorClient({
    tables: granted.backend.tables,
    connection: connectionAs(granted, granted.roles.Writer),
  });
  const uses = (...ids: string[]) => ({ networks: ids.map((target) => ({ target })) });
  await client.createNetwork({ id: 'w-front' });
  await client.createNetwork({ id: 'w-back' });
  await client.createService({ id: 'w-web', spec: uses('w-front') });
  await client.updateService('w-web', () => uses('w-back'));
  await client.updateNetwork('w-back', () => ({ labels: {} }) as never);
  await client.createTasks('w-web', [{ id: '1' }, { id: '2' }]);
  await client.update('task', { service: 'w-web', task: '1' }, (task) => ({ ...task, note: 'hers' }));
  await client.listTasks('w-web');
  await client.findTogether({
    networks: ['w-back'],
    services: ['w-web'],
    tasks: [{ serviceId: 'w-web', id: '1' }],
  });
  await client.getService('w-web');
  await client.getNetwork('w-front');
  for (const kind of ['Service', 'Network'] as const) {
    await client[`list${kind}s`]();
    await client[`listMarked${kind}s`]();
    const id = kind === 'Service' ? 'w-web' : 'w-front';
    await client[`protect${kind}`](id);
    await client[`unprotect${kind}`](id);
    await client[`remove${kind}`](id);
    await client[`undelete${kind}`](id);
  }
  await expect(client.removeNetwork('w-back')).rejects.toMatchObject({ code: 'FailedPrecondition' });
  await client.removeService('w-web');
  await client.deleteTasks('w-web', ['1', '2']);
  await granted.backend.deliver();
}

/** Every command that only reads, over all that they read differently. */
export async function runReports(granted: Granted, as: Grantee, folder: string): Promise<void> {
  const { client, put, deliver } = granted.backend;
  const web = `${as}-web`;
  await client.createNetwork({ id: `${as}-net` });
  await client.createService({ id: web, spec: { networks: [{ target: `${as}-net` }] } });
  await client.createTask(web, { id: '1' });
  await client.removeService(web);
  await put('tasks', task(`${as}-nobody`, '1'));
  await put('attachments', { held: `network#${as}-net`, holder: `service#${as}-nobody` });
  await put('counters', counter(`service#${as}-nobody`));
  await deliver();
  const run = commandsAs(granted, as, folder);
  await run('status --full');
  await run(`explain service ${web}`);
  await run(`explain network ${as}-net`);
  await run('history');
  await run('history a-web');
  await run('audit --confirm 0');
  await run(`export ${as}.snapshot.json`);
  await run('rm --cascade shop --dry-run');
  // Undeleted while it waits: whether that mark has ended, the receipt says.
  const undelete = async () => void (await client.undeleteService(web));
  await run(`wait service ${web}`, { ...systemChance, pause: undelete });
}

/** Every command that changes something. */
export async function runOperations(granted: Granted, folder: string): Promise<void> {
  const { backend, functions } = granted;
  const run = commandsAs(granted, 'Operator', folder);
  const uses = { networks: [{ target: 'o-net' }] };
  const snapshot = {
    networks: [{ id: 'o-net' }],
    services: [{ id: 'o-web', spec: uses }],
    tasks: [{ serviceId: 'o-web', id: '1' }],
  };
  writeFileSync(join(folder, 'o.json'), JSON.stringify(snapshot));
  await run('import o.json');
  await run('protect network o-net');
  await run('unprotect network o-net');
  await run('rm service o-web');
  await run('rm network o-net');
  await run('undelete network o-net');
  await run('audit --repair --confirm 0');

  const respond = { status: 400, body: { __type: 'com.amazon.coral.service#AccessDeniedException' } };
  const refused: readonly string[] = Object.values(functions);
  backend.cloud.setIntercept(({ principal }) => (refused.includes(principal) ? { respond } : undefined));
  await backend.client.deleteTask('o-web', '1');
  await backend.client.removeNetwork('o-net', { whenInUse: 'wait' });
  await backend.put('services', service('o-raw', ['o-net']));
  await backend.delete('attachments', { held: 'network#o-net', holder: 'service#o-web' });
  await backend.deliver();
  backend.cloud.setIntercept(undefined);
  await run('redrive');
  await backend.deliver();
}

/** Runs commands as the role of that grant; each must end well, or with what it has found. */
export function commandsAs(granted: Granted, as: Grantee, folder: string) {
  const { endpoint, region, credentials } = connectionAs(granted, granted.roles[as]);
  const config = join(folder, `${as}.json`);
  const names = readNames(granted.backend.cloud.outputs);
  writeFileSync(config, JSON.stringify({ endpoint, region, ...credentials, ...names, lifecycle: swarmkit(CHOICES) }));
  return async (command: string, chance: Chance = systemChance) => {
    const [name = '', ...args] = command.split(' ');
    const { status, stderr } = await call([name, '--config', config, ...args], { directory: folder, chance });
    expect(stderr, command).not.toContain('not authorized');
    expect([0, 1, 3], `${command}: ${stderr}`).toContain(status);
  };
}

type Db = ReturnType<typeof connectRaw>;

type Way = (db: Db, TableName: string, Key: Record<string, string>) => Promise<unknown>;

const conditionOf = (Key: Record<string, string>) =>
  Object.entries(Key)
    .map(([name, value]) => `${name} = '${value}'`)
    .join(' AND ');

/** Every way there is to be rid of an item or a table, by the action that IAM sees. */
const DELETES: Readonly<Record<string, Way>> = {
  DeleteItem: (db, TableName, Key) => db.send(new DeleteCommand({ TableName, Key })),
  'DeleteItem in a transaction': (db, TableName, Key) =>
    db.send(new TransactWriteCommand({ TransactItems: [{ Delete: { TableName, Key } }] })),
  BatchWriteItem: (db, TableName, Key) =>
    db.send(new BatchWriteCommand({ RequestItems: { [TableName]: [{ DeleteRequest: { Key } }] } })),
  PartiQLDelete: (db, TableName, Key) =>
    db.send(new ExecuteStatementCommand({ Statement: `DELETE FROM "${TableName}" WHERE ${conditionOf(Key)}` })),
  UpdateTimeToLive: (db, TableName) =>
    db.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { Enabled: true, AttributeName: 'expiresAt' },
      }),
    ),
  DeleteTable: (db, TableName) => db.send(new DeleteTableCommand({ TableName })),
};
export const WAYS_TO_DELETE = Object.keys(DELETES);

/** Every way to write a receipt that no deletion wrote. */
const FORGERIES: Readonly<Record<string, Way>> = {
  PutItem: (db, TableName, Item) => db.send(new PutCommand({ TableName, Item })),
  'PutItem in a transaction': (db, TableName, Item) =>
    db.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item } }] })),
  UpdateItem: (db, TableName, Key) => db.send(new UpdateCommand({ TableName, Key })),
  PartiQLInsert: (db, TableName, { id, markedAt }) =>
    db.send(
      new ExecuteStatementCommand({
        Statement: `INSERT INTO "${TableName}" VALUE {'id': '${id}', 'markedAt': '${markedAt}'}`,
      }),
    ),
  PartiQLUpdate: (db, TableName, Key) =>
    db.send(new ExecuteStatementCommand({ Statement: `UPDATE "${TableName}" SET x = 1 WHERE ${conditionOf(Key)}` })),
};
const { UpdateTimeToLive: _, ...ERASURES } = DELETES;
/** Its time to live is the deployment's to set, so a policy can't deny that. */
export const WAYS_TO_FORGE = Object.keys({ ...FORGERIES, ...ERASURES });
const WAYS = { ...DELETES, ...FORGERIES };

const KEYS = {
  services: { id: 'kept' },
  networks: { id: 'kept' },
  attachments: { held: 'network#kept', holder: 'service#kept' },
  counters: { id: 'service#kept' },
  receipts: { id: 'service#kept', markedAt: 'kept' },
  tasks: { serviceId: 'kept', id: 'kept' },
} as const;
/** Where deletes are denied. */
export const GUARDED = ['services', 'networks', 'attachments', 'counters'] as const;

/** Tries to do that to an item or to the table; the refusal's message, or `done`. */
export async function tryOut(
  granted: Granted,
  accessKeyId: string,
  way: string,
  table: keyof typeof KEYS,
): Promise<string> {
  const db = connectRaw(connectionAs(granted, accessKeyId));
  try {
    await WAYS[way]?.(db, granted.backend.tables[table], KEYS[table]);
    return 'done';
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  } finally {
    db.destroy();
  }
}
