/** The commands against the synthesized stack on the local cloud: DynamoDB, Lambda, SQS and Streams at one endpoint. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isDeallocatorError } from '../../lib/client/index.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { type CallOptions, call, callUntold, writeConfig } from '../support/command-line.ts';
import { type LocalBackend, localBackend, refusedMeanwhile } from '../support/local-backend.ts';

const folder = mkdtempSync(join(tmpdir(), 'deallocator-cli-'));
const config = join(folder, 'cloud.json');
let backend: LocalBackend;

beforeAll(async () => {
  backend = await localBackend();
  writeConfig(config, backend);
});
afterAll(async () => {
  await backend.close();
  rmSync(folder, { recursive: true });
});

/** With options after the command's name, so that ids may follow `--`. */
const cli = ([name = '', ...args]: readonly string[], options: CallOptions = {}) =>
  callUntold([name, '--config', config, ...args], { directory: folder, ...options });
const json = async (...args: string[]) => {
  const { status, stdout, stderr } = await cli([args[0] as string, '--json', ...args.slice(1)]);
  expect(stdout, stderr).toMatch(/^.+\n$/);
  const document = JSON.parse(stdout);
  const documented = [...sectionOf(args[0] as string).matchAll(/^\| `(\w+)`/gm)].map(([, field]) => field);
  const { target, ...fields } = document;
  expect(target).toMatchObject({ config, endpoint: backend.cloud.endpoint });
  expect(documented, args[0]).toEqual(expect.arrayContaining(Object.keys(fields)));
  return { status, document: fields };
};

const manual = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8');
/** What the manual says of a command. */
const sectionOf = (name: string) => manual.split(/^## /m).find((section) => section.startsWith(`${name}\n`)) ?? '';

const isThere = (reading: Promise<unknown>) =>
  reading.then(
    () => true,
    (error: unknown) => {
      if (isDeallocatorError(error, 'NotFound')) return false;
      throw error;
    },
  );

/** A service with two tasks, on a network of its own and on one that another service uses too. */
async function putShop(prefix: string): Promise<void> {
  const { client } = backend;
  const labels = { annotations: { labels: { 'com.docker.stack.namespace': `${prefix}shop` } } };
  await client.createNetwork({ id: `${prefix}own`, spec: labels });
  await client.createNetwork({ id: `${prefix}shared`, spec: labels });
  const networks = [{ target: `${prefix}own` }, { target: `${prefix}shared` }];
  await client.createService({ id: `${prefix}web`, spec: { ...labels, networks } });
  await client.createService({ id: `${prefix}api`, spec: { networks: [{ target: `${prefix}shared` }] } });
  await client.createTasks(`${prefix}web`, [{ id: '1' }, { id: '2', status: { state: 'running' } }]);
}

describe('rm', () => {
  it('plans without writing, then marks, explains, waits, and leaves a history', async () => {
    await putShop('a-');
    const dry = await json('rm', '--cascade', 'a-shop', '--dry-run');
    expect(dry).toMatchObject({
      status: 0,
      document: {
        plan: {
          marks: [{ object: 'service#a-web' }, { object: 'network#a-own' }],
          refused: [{ object: 'network#a-shared', because: 'in use', blockers: ['service#a-api'] }],
        },
      },
    });
    expect((await backend.client.getService('a-web')).pendingDelete).toBeUndefined();

    const told = await cli(['rm', '--cascade', 'a-shop', '--reason', 'moved']);
    expect(told).toMatchObject({ status: 3, stderr: '' });
    expect(told.stdout).toMatch(
      /^Plan for local cloud at http\S+, by \S+\n {2}mark service a-web\n {2}mark network a-own\n {2}refuse network a-shared: .*: service a-api\n\nWhat will happen\n {2}1\. when the tasks of service a-web are gone: service a-web with network a-own\n/,
    );
    expect(told.stdout).toMatch(/\nservice a-web: marked\nnetwork a-own: marked\n$/);
    expect(await backend.client.getService('a-web')).toMatchObject({ markedBy: 'ann', markedReason: 'moved' });
    await backend.deliver();

    const status = await cli(['status']);
    expect(status.stdout).toMatch(
      /^2 objects marked for deletion: 2 draining\n\nKIND +ID +STATE +LEFT +AGE +PROGRESS +COUNTER +WHO: WHY\n/,
    );
    expect(status.stdout).toMatch(/^service +a-web +draining +2 tasks +\d+ s +- +2 +ann: moved$/m);
    expect((await json('status', '--limit', '1')).document).toMatchObject({ more: 1, marked: [{ id: 'a-web' }] });

    const explained = await cli(['explain', 'service', 'a-web']);
    expect(explained.stdout).toMatch(
      /^service a-web is marked for deletion, \d+ s ago by ann: moved\n├─ draining\n├─ counter: 2, equal\n/,
    );
    expect(explained.stdout).toContain('│  └─ task 2: running, start time unknown\n');
    expect(explained.stdout).toMatch(/└─ network a-shared: not marked\n/);
    expect((await json('explain', 'service', 'a-web')).document).toMatchObject({
      children: [{ kind: 'task', count: 2 }],
    });
    expect((await cli(['explain', 'service', 'a-web', '--graph', 'dot'])).stdout).toMatch(/^digraph .*\}\n$/s);

    const late = await cli(['wait', 'service', 'a-web', '--timeout', '0']);
    expect(late).toEqual({
      status: 3,
      stdout: 'service a-web: still there, draining\n',
      stderr: 'waiting for service a-web (2 tasks)\n',
    });
    await backend.client.deleteTasks('a-web', ['1', '2']);
    const gone = await cli(['rm', 'network', 'a-own', '--wait', '--timeout', '1m']);
    expect(gone.stdout).toMatch(/network a-own: gone\n$/);
    expect(gone.status).toBe(0);

    const past = await cli(['history', 'a-own']);
    expect(past.stdout).toMatch(/\n20\S+Z +network a-own +20\S+Z +ann: moved +service a-web /);
    expect((await json('history', 'a-web', '--kind', 'service')).document.deletions).toMatchObject([
      { object: 'service#a-web', markedBy: 'ann', freed: ['network#a-own'], kept: ['network#a-shared'] },
    ]);
    expect((await cli(['status'])).stdout).toBe('Nothing is marked for deletion.\n');

    // What is gone is told by its receipt, and a typo from it.
    expect(await cli(['wait', 'service', 'a-web'])).toEqual({ status: 0, stdout: 'service a-web: gone\n', stderr: '' });
    expect((await cli(['explain', 'service', 'a-web'])).stdout).toMatch(/^service a-web is gone\n/);
    for (const [command, ...more] of [['wait'], ['explain'], ['explain', '--graph', 'dot']]) {
      const { status, stdout } = await cli([command as string, ...more, 'service', 'a-wbe']);
      expect([command, status, stdout]).toEqual([command, 1, expect.stringMatching(/not there/)]);
    }
    const never = await cli(['history', 'a-wbe']);
    expect(never.stdout).toMatch(/^a-wbe is not there, and no receipt tells of it\. Receipts are kept for 90 days/);
    expect(never.status).toBe(1);
    expect(await json('history', 'a-api', '--kind', 'service')).toMatchObject({
      status: 0,
      document: { deletions: [], whereabouts: 'there' },
    });
  });

  it('tells of a network that waits for what nobody marked, in every command alike', async () => {
    await putShop('w-');
    await cli(['rm', 'network', 'w-shared', '--even-in-use']);
    const why = 'blocked: used by service w-api (not marked), service w-web (not marked)';
    expect((await cli(['status', '--blocked'])).stdout).toContain(why);
    expect((await cli(['explain', 'network', 'w-shared'])).stdout).toContain(`├─ ${why}\n`);
    const waited = await cli(['wait', 'network', 'w-shared', '--timeout', '0']);
    expect(waited).toMatchObject({ status: 3, stdout: `network w-shared: still there, ${why}\n` });
    expect((await json('status', '--blocked')).document).toMatchObject({
      counts: { blocked: 1 },
      marked: [{ state: 'blocked', blockedBy: [{ object: 'service#w-api', because: 'not marked' }, {}] }],
    });
    await cli(['undelete', 'network', 'w-shared', '--reason', 'not yet']);
    expect((await cli(['explain', 'network', 'w-shared'])).stdout).toMatch(/├─ undeleted at 20\S+Z by ann: not yet\n/);
  });

  it('says with status 3 what is protected, with 1 what is not there, and marks the others', async () => {
    for (const id of ['b-1', 'b-2']) await backend.client.createService({ id });
    await backend.client.createTask('b-2', { id: '1' });
    await backend.client.protectService('b-1');
    const blocked = await json('rm', 'service', 'b-1', 'b-2', '--by', 'bob');
    expect(blocked).toMatchObject({
      status: 3,
      document: {
        plan: { refused: [{ object: 'service#b-1', because: 'protected' }] },
        applied: [{ object: 'service#b-2', outcome: 'marked', markedAt: expect.any(String) }],
      },
    });
    expect((await backend.client.getService('b-2')).markedBy).toBe('bob');
    expect((await cli(['rm', 'service', 'b-none'])).status).toBe(1);
    expect((await cli(['undelete', 'service', 'b-2'])).status).toBe(0);
  });
});

describe('undelete', () => {
  it('keeps who took a mark back, and why; a wait then ends with status 3', async () => {
    await putShop('c-');
    await cli(['rm', '--cascade', 'c-shop', '--even-in-use']);
    expect(await backend.client.getNetwork('c-shared')).toMatchObject({ pendingDelete: true });
    const { status, document } = await json('undelete', '--cascade', 'c-shop', '--reason', 'not yet');
    expect(document.applied.map(({ object, outcome }: Record<string, string>) => [object, outcome])).toEqual([
      ['network#c-shared', 'undeleted'],
      ['network#c-own', 'undeleted'],
      ['service#c-web', 'undeleted'],
    ]);
    expect(status).toBe(0);
    expect(await backend.client.getService('c-web')).toMatchObject({ unmarkedBy: 'ann', unmarkedReason: 'not yet' });
    expect(await cli(['undelete', 'service', 'c-web'])).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        /^Plan for local cloud at http\S+, by \S+\n {2}leave service c-web: not marked\n\n$/,
      ),
      stderr: '',
    });
    expect(await json('wait', 'service', 'c-web')).toEqual({
      status: 3,
      document: { outcomes: [{ object: 'service#c-web', outcome: 'not marked' }], isDone: false },
    });
  });
});

describe('status --watch', () => {
  it('prints a block at each look, and ends with 0 on Ctrl-C', async () => {
    const interruption = new AbortController();
    const { status, stdout, stderr } = await cli(['status', '--watch', '--interval', '500ms'], {
      signal: interruption.signal,
      onOutput: (text) => {
        if (text.split('Z\n').length > 2) interruption.abort();
      },
    });
    expect(stdout).toMatch(/^(20\S+Z\nOn local cloud at .*\nNothing is marked for deletion\.\n\n){2}$/);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('protect and unprotect', () => {
  it('change one object after the other, and say of each what became of it', async () => {
    await backend.client.createService({ id: 'p1' });
    await backend.client.createService({ id: 'p2' });
    expect(await cli(['protect', 'service', 'p1', 'p2'])).toEqual({
      status: 0,
      stdout: 'service p1: protected\nservice p2: protected\n',
      stderr: '',
    });
    expect((await backend.client.getService('p1')).protected).toBe(true);
    expect((await cli(['protect', 'service', 'p1'])).stdout).toBe('service p1: was protected before\n');
    expect((await cli(['unprotect', 'service', 'p1'])).stdout).toBe('service p1: unprotected\n');
    expect((await backend.client.getService('p1')).protected).not.toBe(true);
  });

  it('go on after an object that is refused, and end with status 1', async () => {
    await backend.client.createNetwork({ id: 'p3' });
    const { status, document } = await json('protect', 'network', 'nobody', 'p3');
    expect(document.results).toEqual([
      {
        object: 'network#nobody',
        outcome: 'refused',
        absence: 'not there',
        error: { code: 'NotFound', message: expect.stringContaining('network nobody is not there'), blockers: [] },
      },
      { object: 'network#p3', outcome: 'protected' },
    ]);
    expect(status).toBe(1);
  });

  it('never write an id to a terminal as it is, and have it exactly in JSON', async () => {
    const id = 'a\u001b[31m\nb\u202e';
    const { stdout } = await cli(['protect', 'service', id]);
    expect(stdout).toContain('service a\\u{1b}[31m\\u{a}b\\u{202e}: ');
    expect(stdout).not.toContain('\u001b');
    expect((await json('protect', 'service', id)).document.results[0].object).toBe(`service#${id}`);
  });
});

describe('an object', () => {
  it('of a long id is shortened where other columns follow, and whole in JSON', async () => {
    const id = `l-${'网'.repeat(200)}`;
    await backend.client.createService({ id });
    await backend.client.createTask(id, { id: '1' });
    await cli(['rm', 'service', id]);
    const { stdout } = await cli(['status']);
    expect(stdout).toMatch(/^service +l-网{19}…网{19} +draining +1 task +/m);
    expect((await json('status')).document.marked).toMatchObject([{ id }]);
    await cli(['undelete', 'service', id]);
  });

  it('that was undeleted is exported without a word', async () => {
    await backend.client.createService({ id: 'undeleted' });
    await backend.client.createTask('undeleted', { id: '1' });
    await backend.client.removeService('undeleted', { by: 'ann' });
    await backend.client.undeleteService('undeleted', { by: 'ann', reason: 'mistake' });
    const { snapshot, omitted } = (await json('export')).document;
    expect(snapshot.services).toContainEqual({ id: 'undeleted' });
    expect(omitted).not.toContainEqual(expect.objectContaining({ object: 'service#undeleted' }));
  });
});

it('without the grants to write, a mark, an undelete and a protection are errors, and blocked by nothing', async () => {
  const respond = {
    status: 400,
    body: { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'not allowed' },
  };
  await backend.client.createService({ id: 'g-web' });
  await backend.client.createService({ id: 'g-marked' });
  await backend.client.createTask('g-marked', { id: '1' });
  await backend.client.removeService('g-marked');
  backend.cloud.setIntercept(({ principal, operation }) =>
    principal === 'outside' && /^(Transact|Put|Update)/.test(operation) ? { respond } : undefined,
  );
  const refused = [];
  for (const [command = '', id = ''] of [
    ['protect', 'g-web'],
    ['rm', 'g-web'],
    ['undelete', 'g-marked'],
  ]) {
    refused.push(await cli([command, 'service', id]));
  }
  backend.cloud.setIntercept(undefined);
  for (const { status, stdout, stderr } of refused) {
    expect(stdout + stderr).toMatch(/was rejected: access is denied \(not allowed\); have the action granted/);
    expect(status).toBe(1);
  }
  await backend.client.undeleteService('g-marked');
});

describe('sweep', () => {
  it('deletes what lost its counter and its record, and then finds nothing more to do', async () => {
    await backend.client.createNetwork({ id: 's-front' });
    await backend.client.createService({ id: 's-web', spec: { networks: [{ target: 's-front' }] } });
    await backend.client.createTask('s-web', { id: '1' });
    await backend.client.removeService('s-web');
    await backend.client.removeNetwork('s-front', { whenInUse: 'wait' });
    await backend.deliver();
    // Without a counter, no removal wakes anybody.
    for (const id of ['service#s-web', 'network#s-front']) {
      await backend.delete('counters', { id });
    }
    await backend.client.deleteTask('s-web', '1');
    await backend.deliver();
    expect(await isThere(backend.client.getService('s-web'))).toBe(true);

    const first = await json('sweep', '--restart');
    expect(first).toMatchObject({
      status: 0,
      document: {
        invocations: 1,
        deletedCount: 2,
        deleted: ['service#s-web', 'network#s-front'],
        failed: [],
        stillMarked: 0,
        oldestMarkSeconds: 0,
        seconds: expect.any(Number),
      },
    });
    expect(await isThere(backend.client.getService('s-web'))).toBe(false);
    const second = await cli(['sweep', '--full']);
    expect(second.status).toBe(0);
    expect(second.stdout).toMatch(/^deleted +0$/m);
    expect(second.stdout).toMatch(/^still marked +0$/m);
  });
});

describe('audit and redrive', () => {
  it('find what dead letters are about, make up for it, and find nothing more', async () => {
    await backend.client.createService({ id: 'r-web' });
    await backend.client.createTask('r-web', { id: '1' });
    await backend.client.removeService('r-web');
    await backend.deliver();
    await refusedMeanwhile(backend, () => backend.client.deleteTask('r-web', '1'));

    const faulty = await json('audit', '--confirm', '0');
    expect(faulty.status).toBe(1);
    expect(faulty.document.findings).toMatchObject([
      { problem: 'high counter', promise: 'S7', subject: 'service#r-web' },
      { problem: 'not deleted', subject: 'service#r-web', mending: { by: 'sweep', parent: 'service#r-web' } },
    ]);
    const told = await cli(['audit', '--confirm', '0']);
    expect(told.stdout).toMatch(
      /found 2 faults\n\nhigh counter: service r-web\n {2}what .*\n {2}children +0, .*\n {2}breaks +S7: .*\n {2}fix +deallocator audit --repair\n\nnot deleted: /,
    );
    expect(told.stdout).toMatch(/\n {2}breaks +L1: .*\n {2}since +20\S+Z, \d+ s ago\n/);

    const { status, document } = await json('redrive');
    expect({ status, ...document }).toMatchObject({
      status: 0,
      received: expect.any(Number),
      kept: 0,
      deletedParents: ['service#r-web'],
    });
    expect(document.received).toBeGreaterThan(0);
    expect(document.deleted).toBe(document.received);
    expect(backend.cloud.deadLetters()).toEqual([]);
    expect(await isThere(backend.client.getService('r-web'))).toBe(false);
    expect((await cli(['redrive'])).stdout).toMatch(/^received +0$/m);
    expect(await cli(['audit', '--confirm', '0'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^read \d+ items?, found 0 faults\n$/),
    });
  });

  it('mends with --repair what the sweep can mend, and says what a person must do', async () => {
    await backend.put('attachments', { held: 'network#r-net', holder: 'service#r-nobody' });
    await backend.put('tasks', { serviceId: 'r-nobody', id: '\u001b7' });
    await backend.deliver();
    const { status, stdout } = await cli(['audit', '--repair', '--confirm', '0']);
    expect(stdout).toMatch(/found 2 faults\nrepaired 1, left 1\n/);
    expect(stdout).toContain('delete task \\u{1b}7 of service r-nobody');
    expect(status).toBe(1);
    const again = await json('audit', '--confirm', '0');
    expect(again.document.findings).toMatchObject([{ problem: 'orphan task', about: { task: '\u001b7' } }]);
  });
});

describe('import and export', () => {
  const snapshot = {
    networks: [{ id: 'i-net' }],
    services: [{ id: 'i-web', spec: { networks: [{ target: 'i-net' }] } }],
    tasks: [{ serviceId: 'i-web', id: '1' }],
  };

  it('load a file, once however often, and write it out again', async () => {
    writeFileSync(join(folder, 'cluster.json'), JSON.stringify(snapshot));
    const none = { created: 0, alreadyThere: 0, refused: 0 };
    const first = await json('import', 'cluster.json');
    expect(first).toMatchObject({
      status: 0,
      document: { tasks: { ...none, created: 1 }, refusals: [], unusable: [] },
    });
    const again = await cli(['import', 'cluster.json']);
    expect(again.stdout).toBe(
      [
        '           CREATED   ALREADY THERE   REFUSED',
        'networks   0         1               0',
        'services   0         1               0',
        'tasks      0         1               0',
        '',
      ].join('\n'),
    );

    const written = await cli(['export', 'out.json']);
    expect(written.stdout).toMatch(/^exported \d+ services?, \d+ networks?, \d+ tasks?\n/);
    const out = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
    expect(out.services).toContainEqual(snapshot.services[0]);
    expect(out.tasks).toContainEqual(snapshot.tasks[0]);
    const toStdout = await cli(['export']);
    expect(JSON.parse(toStdout.stdout)).toEqual(out);
    expect(toStdout.stderr).toMatch(/^exported /);
    expect((await json('export')).document.snapshot).toEqual(out);
  });

  const file = (name: string, ...documents: unknown[]) =>
    writeFileSync(join(folder, name), documents.map((document) => JSON.stringify(document)).join('\n'));
  const dockerService = (ID: string, ...targets: string[]) => ({
    ID,
    Spec: {
      Name: ID,
      TaskTemplate: { Networks: targets.map((Target) => ({ Target })) },
      Mode: { Replicated: { Replicas: 1 } },
    },
  });
  const dockerTask = (ID: string, ServiceID: string) => ({ ID, ServiceID, Status: {}, DesiredState: 'running' });

  it('refuse what is lacking, write nothing, and take it with --partial; the rest may follow', async () => {
    file('p-services.json', dockerService('p-web', 'i-net'));
    file('p-tasks.json', dockerTask('p-1', 'p-web'));
    const refused = await cli(['import', 'p-services.json']);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /tasks are lacking: a service says that it runs 1 task, .*--partial.*\[InvalidArgument\]/,
    );
    expect((await backend.world()).services.map(({ id }) => id)).not.toContain('p-web');

    const partial = await cli(['import', '--partial', 'p-services.json']);
    expect(partial).toMatchObject({ status: 0, stderr: '' });
    expect(partial.stdout).toMatch(/\nservice p-web +tasks are lacking: /);
    // Its service is looked up in the tables.
    expect((await json('import', 'p-tasks.json')).document.tasks).toMatchObject({ created: 1 });
  });

  it('take stdin, in UTF-16, and leave out by name what can not be used', async () => {
    file('u-tasks.json', dockerTask('u-1', 'u-web'), dockerTask('u-2', 'u-old'));
    const services = [dockerService('u-web', 'i-net'), dockerService('u-old', 'u-gone')];
    const input = Buffer.from(`\uFEFF${JSON.stringify(services)}`, 'utf16le');
    const args = ['import', '--config', config, '--skip-unusable', 'u-tasks.json', '-'];
    const { status, stdout } = await call(args, { directory: folder, input });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /\nservice u-old, task u-2 of service u-old +can't be used, left out: stdin: \[1\]\.Spec\.TaskTemplate\.Networks\[0\]\.Target is "u-gone"/,
    );
  });

  it('tell many refusals for one marked network as one', async () => {
    // Its protection keeps it, marked as it is.
    await backend.put('networks', { id: 'g-net', protected: true, pendingDelete: true });
    file(
      'g.json',
      Array.from({ length: 9 }, (_, n) => [dockerService(`g-${n}`, 'g-net'), dockerTask(`g-t${n}`, `g-${n}`)]),
    );
    const { status, stdout } = await cli(['import', 'g.json']);
    expect(status).toBe(1);
    expect(stdout.trim().split('\n').slice(5)).toEqual([
      expect.stringMatching(/^OBJECT +WHY$/),
      expect.stringMatching(/^18 objects: service g-0, service g-1, service g-2, … +refused: network g-net is marked/),
    ]);
    const { document } = await json('import', 'g.json');
    expect(document.causes).toMatchObject([{ cause: 'network#g-net', objects: { length: 18 } }]);
    await backend.client.undeleteNetwork('g-net');
  });

  it('fail with status 1 at a file that is there, is missing, or is no JSON', async () => {
    writeFileSync(join(folder, 'there.json'), 'precious');
    expect(await cli(['export', 'there.json'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^deallocator export: .*there\.json is there; .* --force \[AlreadyExists\]\n$/),
    });
    expect(readFileSync(join(folder, 'there.json'), 'utf8')).toBe('precious');
    expect((await cli(['export', '--force', 'there.json'])).status).toBe(0);
    expect(await cli(['import', 'missing.json'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^deallocator import: missing\.json can't be read: ENOENT.*\[InvalidArgument\]\n$/),
    });
    expect(await cli(['import', '.'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^deallocator import: \. can't be read: EISDIR.*\[InvalidArgument\]\n$/),
    });
    writeFileSync(join(folder, 'marked.json'), '\uFEFF{"services":[],"networks":[],"tasks":[]}');
    expect(await cli(['import', 'marked.json'])).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(join(folder, 'torn.json'), '{');
    expect(await cli(['import', 'torn.json'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^deallocator import: .*torn\.json.*\[InvalidArgument\]\n$/),
    });
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) =>
    (await call(['completion', 'bash', '--', ...words])).stdout.split('\n');

  it('offers commands, options, kinds, and the ids of what is there', async () => {
    expect(await complete('un')).toEqual(['undelete', 'unprotect', '']);
    expect(await complete('sweep', '--f')).toEqual(['--full', '']);
    expect(await complete('protect', 's')).toEqual(['service', '']);
    for (const id of ['z-1', 'z-2', 'z $(reboot)']) await backend.client.createService({ id });
    await backend.client.createTask('z-2', { id: '1' });
    await backend.client.removeService('z-2');
    const context = ['--config', config, 'service'];
    // An id that a shell would act on is left to be typed, and quoted, by hand.
    expect(await complete('protect', ...context, 'z')).toEqual(['z-1', 'z-2', '']);
    expect(await complete('protect', ...context, 'z-1', 'z')).toEqual(['z-2', '']);
    expect(await complete('undelete', ...context, 'z')).toEqual(['z-2', '']);
  });
});

describe('a mistake', () => {
  it.each([
    [['undelete', 'service'], 'the id of a service is missing'],
    [
      ['undelete', 'task', 'x'],
      'tasks have no mark, since nothing depends on them: their users delete them; allowed: service, network',
    ],
    [['undelete'], 'a kind is missing; allowed: service, network'],
    [['sweep', 'web'], '"web" is one argument too many'],
    [['sweep', '--loud'], "unknown option '--loud'"],
    [['sweep', '--endpoint', 'nowhere'], '--endpoint is "nowhere", allowed: a URL such as http://127.0.0.1:8000'],
    [['sweep', '--stack', 'x', '--config', 'y'], '--deployment and --config exclude each other'],
    [['rm'], 'a kind is missing'],
    [['rm', '--cascade', 'shop', 'service', 'web'], '"service" is one argument too many'],
    [['rm', 'service', 'web', '--timeout', '1m'], '--timeout goes with --wait'],
    [['wait', 'service', 'web', '--timeout', 'soon'], '--timeout is "soon", allowed: a time'],
    [['explain', 'service', 'web', '--graph', 'png'], '--graph is "png", allowed: mermaid, dot'],
    [['status', '--limit', 'all'], '--limit is "all", allowed: a whole number from 1 to 10000'],
    [['history', '--limit', '0'], '--limit is "0", allowed: a whole number from 1 to 10000'],
    [['explain', 'network', ''], 'the network id "" is empty'],
    [['rm', 'service', 'web', 'x'.repeat(1025)], 'the service id "xx'],
    [['import'], 'the file to import is missing'],
    [['completion', 'tcsh'], '"tcsh" is not a known shell; allowed: bash, zsh, fish'],
  ])('in the usage ends with status 2: %j', async (args, message) => {
    const { status, stdout, stderr } = await call(args);
    expect(stderr).toContain(`deallocator ${args[0]}: ${message}`);
    expect(stderr).toMatch(/\nTry "deallocator \w+ --help"\.\n$/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('in the place says what to give instead, without a stack trace', async () => {
    const nowhere = await call(['sweep'], { directory: folder });
    expect(nowhere.stderr).toContain('"npx deallocator local"');
    expect(nowhere.stderr).toContain('--deployment NAME');
    expect(nowhere.status).toBe(1);
    const silent = await cli(['sweep', '--endpoint', 'http://127.0.0.1:9']);
    expect(silent.stderr).toMatch(/^deallocator sweep: .*ECONNREFUSED.*check --endpoint.*\n$/);
    expect(silent.status).toBe(1);
    writeFileSync(join(folder, 'other.json'), '{"tables":{"services":"x"}}');
    const other = await call(['sweep', '--config', 'other.json'], { directory: folder });
    expect(other.stderr).toMatch(
      /other\.json names no table for tasks, networks.*that the local cloud prints.* \[InvalidArg/,
    );
    expect(other.status).toBe(1);
  });

  it('that is Ctrl-C ends with status 130', async () => {
    const { status, stderr } = await cli(['sweep'], { signal: AbortSignal.abort() });
    expect({ status, stderr }).toEqual({ status: 130, stderr: 'deallocator sweep: interrupted\n' });
  });

  it.each([[['protect', 'service', 'web']], [['import', 'empty.json']], [['export']], [['audit']]])(
    'that is Ctrl-C ends %j while nobody answers',
    async (args) => {
      writeFileSync(join(folder, 'empty.json'), '{"networks":[{"id":"n"}],"services":[],"tasks":[]}');
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const interruption = new AbortController();
      const sockets: Socket[] = [];
      silent.on('connection', (socket) => {
        sockets.push(socket);
        interruption.abort();
      });
      // Whoever tried a request again would pause more than once, and hang.
      let pauses = 0;
      const pause = () => (pauses++ === 0 ? Promise.resolve() : new Promise<never>(() => {}));
      const { port } = silent.address() as AddressInfo;
      const ended = await cli([...args, '--endpoint', `http://127.0.0.1:${port}`], {
        signal: interruption.signal,
        chance: { ...systemChance, pause },
      });
      for (const socket of sockets) socket.destroy();
      silent.close();
      expect(ended).toEqual({ status: 130, stdout: '', stderr: `deallocator ${args[0]}: interrupted\n` });
    },
  );
});
