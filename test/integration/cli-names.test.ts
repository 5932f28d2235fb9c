/** A real swarm by the names that people know, and removals that nobody makes by accident. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallOptions, call, callUntold, writeConfig } from '../support/command-line.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

const SWARM = join(import.meta.dirname, '..', 'fixtures', 'swarm');
const FILES = ['services.json', 'tasks.json', 'networks.json'].map((name) => join(SWARM, name));
const WEB = 'tb82c7xmtuk3klo61sb4xsz8c';
const MAILER = '3cfdpfawafp5di0e7jv9lbr82';
const folder = mkdtempSync(join(tmpdir(), 'deallocator-cli-'));
const config = join(folder, 'cloud.json');
let backend: LocalBackend;
let endpoint: string;

beforeAll(async () => {
  backend = await localBackend();
  writeConfig(config, backend);
  endpoint = backend.cloud.endpoint;
  expect((await cli(['import', ...FILES])).status).toBe(0);
});
afterAll(async () => {
  await backend.close();
  rmSync(folder, { recursive: true });
});

const cli = ([name = '', ...args]: readonly string[], options: CallOptions = {}) =>
  callUntold([name, '--config', config, ...args], options);
const onTerminal = (args: readonly string[], input: string) => cli(args, { input, isTerminal: true });
/** A question is wrapped to the terminal's width. */
const unwrapped = (text: string) => text.replaceAll('\n  ', ' ');
const isMarked = async (id: string) => (await backend.client.getService(id)).pendingDelete === true;

describe('ls', () => {
  it('lists by kind, stack, label and mark, in four forms', async () => {
    const { stdout } = await cli(['ls', 'services', '--stack', 'shop']);
    expect(stdout).toMatch(/^KIND +ID +NAME +STACK +STATE\nservice +3cfdpfawafp5di0e7jv9lbr82 +shop_mailer +shop +-\n/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(6);
    expect((await cli(['get', 'net', '--stack', 'shop', '-q'])).stdout).toBe(
      '1x8j8qh6o6dfce6j8zo85sv0b\ncjp6idnj960h3onipt64ud0x4\n',
    );
    expect((await cli(['list', '-o', 'name', '--label', 'com.docker.stack.image=shop/web:41'])).stdout).toBe(
      `service/${WEB}\n`,
    );
    expect((await cli(['ls', '-o', 'wide', '--stack', 'blog'])).stdout).toMatch(
      / STATE +MARKED +LABELS\n.* com\.docker\.stack\.image=ghost:6, com\.docker\.stack\.namespace=blog\n/,
    );
    const document = JSON.parse((await cli(['ls', '-o', 'json', '--limit', '3'])).stdout);
    expect(document).toMatchObject({ target: { endpoint }, isWhole: false });
    expect((await cli(['ls', '--limit', '3'])).stdout).toMatch(/\n… and more than these 3; --limit shows them/);
    expect(await cli(['ls', '--marked'])).toMatchObject({
      status: 0,
      stdout: 'Nothing was found.\n',
    });
    expect(await cli(['ls', '-o', 'xml'])).toMatchObject({ status: 2 });
  });
});

describe('an object', () => {
  it.each([
    ['service', WEB],
    ['service', 'shop_web'],
    ['svc', 'tb82'],
    [`service/${WEB}`],
    [`service#${WEB}`],
    ['services/shop_web'],
  ])('is explained by %s %s', async (...typed) => {
    const { status, stdout } = await cli(['explain', ...typed, '--json']);
    expect({ status, id: JSON.parse(stdout).id }).toEqual({ status: 0, id: WEB });
  });

  it('is described with its name and labels', async () => {
    const { status, stdout } = await cli(['describe', 'service/shop_web']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^kind +service\nid +tb82c7xmtuk3klo61sb4xsz8c\nname +shop_web\nstack +shop\nlabels +com/);
    expect(stdout).toContain('└─ uses');
    const { stdout: text } = await cli(['describe', 'service/shop_web', '--json']);
    expect(JSON.parse(text)).toMatchObject({ name: 'shop_web', stack: 'shop', isProtected: false });
    expect(JSON.parse(text).children).toMatchObject([{ kind: 'task', count: 4 }]);
  });

  it('that could be several is refused with all of them', async () => {
    await backend.client.createService({ id: 'twin-1', spec: { name: 'twin' } });
    await backend.client.createService({ id: 'twin-2', spec: { annotations: { name: 'twin' } } });
    expect(await cli(['rm', 'service', 'twin'])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'deallocator rm: "twin" is the name of 2 services: service/twin-1 (twin), service/twin-2 (twin); give the id of one of them [FailedPrecondition]\n',
    });
  });

  it.each(['a:b', 'a=b', 'a/b', 'a#b', 'a b'])('may be called %s', async (id) => {
    await backend.client.createNetwork({ id });
    await backend.client.protectNetwork(id);
    for (const typed of [['network', id], [`network/${id}`], [`net#${id}`]]) {
      const { document } = { document: JSON.parse((await cli(['rm', ...typed, '--json'])).stdout) };
      expect(document.plan.refused).toMatchObject([{ object: `network#${id}`, because: 'protected' }]);
    }
  });
});

describe('rm', () => {
  it('does nothing where an id is not there, and says what may have been meant', async () => {
    const typo = await cli(['rm', 'service', 'shop_mailer', 'shop_wbe']);
    expect(typo.status).toBe(1);
    expect(typo.stdout).toMatch(
      /^Plan for local cloud at http\S+, by \S+\n {2}mark service 3cf\w+ \(shop_mailer\)\n {2}refuse service shop_wbe: it is not there, /,
    );
    expect(typo.stderr).toBe(
      `no service is called "shop_wbe"; did you mean service ${WEB} (shop_web)?\nNothing was marked: service shop_wbe is not there. Correct that, or leave it out with --ignore-missing.\n`,
    );
    expect(await isMarked(MAILER)).toBe(false);
    expect((await cli(['rm', 'service', 'shop_mailer', 'shop_wbe', '--dry-run'])).status).toBe(1);
    const json = JSON.parse((await cli(['undelete', 'service', 'shop_wbe', '--json'])).stdout);
    expect(json).toMatchObject({ target: { endpoint }, applied: [] });
    const told = await cli(['rm', 'service', 'shop_mailer', 'shop_wbe', '--ignore-missing']);
    expect(told).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`service ${MAILER} (shop_mailer): marked\n`),
    });
    expect((await cli(['undelete', 'service/shop_mailer'])).status).toBe(0);
  });

  it('asks on a terminal: what goes where, and only yes is a yes', async () => {
    await backend.client.createService({ id: 'idle' });
    const no = await onTerminal(['delete', 'service/idle'], 'n\n');
    expect(no.status).toBe(1);
    expect(unwrapped(no.stderr)).toBe(
      `Mark 1 object on local cloud at ${endpoint}, by ${config}? It goes at once, and no undelete brings that back: service idle. [y/N] Nothing was marked.\n`,
    );
    expect(await isMarked('idle')).toBe(false);
    expect((await onTerminal(['rm', 'service/idle'], '')).status).toBe(1);
    expect((await onTerminal(['rm', 'service/idle', '--dry-run'], '')).stderr).toBe('');
    const stack = await onTerminal(['rm', '--stack', 'shop', '--even-in-use'], 'no\n');
    expect(unwrapped(stack.stderr)).toMatch(/^Mark 7 objects on local cloud at http/);
    const yes = await onTerminal(['rm', 'service', 'shop_mai'], 'y\n');
    expect(yes).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`"shop_mai" is taken for service ${MAILER} (shop_mailer)\n`),
    });
    const back = await onTerminal(['undelete', 'service', 'shop_mailer'], 'YES\n');
    expect(back).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/Take the marks of 1 object back on local\s+cloud at http/),
    });
    expect((await onTerminal(['remove', 'service/idle', '--yes'], '')).status).toBe(0);
  });

  it('ends with 3 where everything is refused, also as a dry run', async () => {
    await backend.client.createService({ id: 'kept' });
    await backend.client.protectService('kept');
    const { status, stdout } = await cli(['rm', 'service', 'kept', '--dry-run']);
    expect(stdout).toContain(
      '  refuse service kept: it is protected; take that away first ("deallocator unprotect")\n',
    );
    expect(status).toBe(3);
    expect((await cli(['rm', 'service', 'kept'])).status).toBe(3);
  });

  it('takes ids from standard input, in batches, and goes on where it was stopped', async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `many-${String(n).padStart(2, '0')}`);
    for (const id of ids) await backend.client.createService({ id, spec: { labels: { many: 'yes' } } });
    for (const id of ids) await backend.client.createTask(id, { id: '1' });
    const { stdout: names } = await cli(['ls', '--label', 'many', '-o', 'name']);
    const some = await cli(['rm', '-'], { input: names.split('\n').slice(0, 20).join('\r\n') });
    expect(some).toMatchObject({ status: 0, stderr: '' });
    const all = await cli(['rm', 'service', '-'], { input: ids.join('\n') });
    expect(all.stdout).toMatch(/\n {2}leave service many-00: marked \d+ s ago by ann\n/);
    expect(all.stdout.match(/: marked\n/g)).toHaveLength(40);
    await backend.client.createNetwork({ id: 'crowded' });
    for (const id of ids) await backend.put('attachments', { held: 'network#crowded', holder: `service#${id}` });
    const crowd = await cli(['rm', 'network/crowded', '--even-in-use', '--dry-run']);
    expect(Math.max(...crowd.stdout.split('\n').map(({ length }) => length))).toBeLessThan(400);
    const none = await cli(['undelete', '--label', 'many=yes']);
    expect(none.stdout).toContain('  … and 10 more to undelete; --json has them all\n');
    expect(none.stdout).toMatch(/\n60 objects: 60 undeleted\n$/);
    const asked = await call(['rm', '--config', config, '-'], { input: names, isTerminal: true });
    expect(asked.status).toBe(2);
    expect(unwrapped(asked.stderr)).toContain('nobody can be asked; give --yes');
  });
});

it('unprotect asks where an object is marked, and nowhere else', async () => {
  await backend.client.createService({ id: 'shielded' });
  await backend.client.protectService('shielded');
  await backend.put('services', { id: 'shielded', protected: true, pendingDelete: true });
  const no = await onTerminal(['unprotect', 'service/shielded'], 'n\n');
  expect(unwrapped(no.stderr)).toMatch(
    /^Unprotect on local cloud at http\S+, by \S+\? service shielded is marked and goes as soon as .*Nothing was unprotected\.\n$/,
  );
  expect(no.status).toBe(1);
  expect((await backend.client.getService('shielded')).protected).toBe(true);
  await backend.client.createService({ id: 'plain' });
  expect(await onTerminal(['unprotect', 'service/plain'], '')).toMatchObject({ status: 0, stderr: '' });
  expect((await onTerminal(['unprotect', 'service/shielded', '--yes'], '')).status).toBe(0);
});

it('history takes an object with its kind in one word or two', async () => {
  await backend.client.createService({ id: 'gone/1' });
  await backend.client.removeService('gone/1');
  await backend.deliver();
  for (const typed of [
    ['gone/1'],
    ['service/gone/1'],
    ['service#gone/1'],
    ['svc', 'gone/1'],
    ['gone/1', '--kind', 'services'],
  ]) {
    const { deletions } = JSON.parse((await cli(['history', ...typed, '--json'])).stdout);
    expect(deletions, typed.join(' ')).toMatchObject([{ object: 'service#gone/1' }]);
  }
  expect((await cli(['history', 'web', 'x'])).status).toBe(2);
});
