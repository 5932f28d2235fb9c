/**
 * What README and docs quote of the command line is what it prints: each fenced block that begins with `$ deallocator` is run
 * again, over tables in memory, and the page must be the same. `npx vitest run --project quick test/unit/docs-output.test.ts -u`
 * writes the pages.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, expect, it } from 'vitest';
import { ideas, swarm } from '../support/kinds-stories.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

type World = ReturnType<typeof memoryCommandLine>;
/** What a block's commands are run on. */
type Shown = Pick<World, 'cli'> & { readonly backend: Pick<World['backend'], 'deliver'> };

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'deallocator-docs-'));
const sqs = mockClient(SQSClient);
sqs.on(ReceiveMessageCommand).resolves({});
afterAll(() => {
  sqs.restore();
  rmSync(folder, { recursive: true });
});

const docsWorld = () =>
  memoryCommandLine({
    functionName: 'task-deleted',
    pageItemsMax: 1000,
    deadLetterQueueUrl: 'http://127.0.0.1:4000/000000000000/dlq',
  });

const inStack = { annotations: { labels: { 'com.docker.stack.namespace': 'shop' } } };
const SECOND_MILLIS = 1000;

/** Service grafana on network metrics, which nobody needs any more. */
async function monitoring(world: World): Promise<void> {
  await world.client.createNetwork({ id: 'metrics' });
  await world.client.createService({ id: 'grafana', spec: { networks: [{ target: 'metrics' }] } });
}

async function removeMetrics({ client, backend, chance }: World): Promise<void> {
  await client.removeNetwork('metrics', { by: 'ann', reason: 'nobody looks', whenInUse: 'wait' });
  await backend.deliver();
  chance.advance(14 * SECOND_MILLIS);
}

/** Stack shop beside it: service shop_web with tasks, on network shop_front and on metrics. */
async function shop(world: World): Promise<void> {
  const { client } = world;
  await monitoring(world);
  await client.createNetwork({ id: 'shop_front', spec: inStack });
  const networks = [{ target: 'shop_front' }, { target: 'metrics' }];
  await client.createService({ id: 'shop_web', spec: { ...inStack, networks } });
  const running = { status: { state: 'running' } };
  await client.createTasks('shop_web', [
    { id: 'shop_web.1', createdAt: '2025-12-31T23:00:00Z', ...running },
    { id: 'shop_web.2', ...running },
    { id: 'shop_web.3' },
  ]);
}

async function removeShop({ client, backend, chance }: World): Promise<void> {
  const why = { by: 'ann', reason: 'moved to eu-1' };
  await client.removeService('shop_web', why);
  await client.removeNetwork('shop_front', why);
  await backend.deliver();
  chance.advance(6 * SECOND_MILLIS);
  await client.deleteTasks('shop_web', ['shop_web.3']);
  await backend.deliver();
  chance.advance(5 * SECOND_MILLIS);
}

async function draining(world: World): Promise<void> {
  await shop(world);
  await removeShop(world);
}

async function worst(world: World): Promise<void> {
  await shop(world);
  await removeMetrics(world);
  await removeShop(world);
}

async function gone(world: World): Promise<void> {
  await draining(world);
  await world.client.deleteTasks('shop_web', ['shop_web.1', 'shop_web.2']);
  await world.backend.deliver();
}

async function overwritten(world: World): Promise<void> {
  await draining(world);
  world.tables.put('counters', { id: 'service#shop_web', remaining: 'abc', epoch: 'e' });
}

async function shared(world: World): Promise<void> {
  const { client, backend, chance } = world;
  const networks = [{ target: 'shop_front' }];
  await client.createNetwork({ id: 'shop_front' });
  await client.createService({ id: 'shop_web', spec: { networks } });
  await client.createTasks('shop_web', [{ id: 'shop_web.1' }, { id: 'shop_web.2' }]);
  await client.removeNetwork('shop_front', { by: 'ann', reason: 'moved to eu-1', whenInUse: 'wait' });
  await backend.deliver();
  chance.advance(10 * SECOND_MILLIS);
}

async function files(): Promise<void> {
  const service = (ID: string) => ({ ID, Spec: { Name: ID, TaskTemplate: {}, Mode: { Replicated: { Replicas: 2 } } } });
  writeFileSync(join(folder, 'services.json'), JSON.stringify([service('s2n8xw'), service('k40pz1')]));
  const world = docsWorld();
  await shop(world);
  await world.cli(['export', 'shop.json', '--force'], { directory: folder });
}

/** The declaration that the page itself shows. */
async function library(): Promise<void> {
  const page = readFileSync(join(ROOT, 'docs', 'your-own-kinds.md'), 'utf8');
  writeFileSync(join(folder, 'library.json'), /^```json\n(.*?)^```$/ms.exec(page)?.[1] ?? '');
}

/** What there is before the first command of a block, by that command. */
const BEFORE: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'README.md: explain network shop_front': shared,
  'docs/cli.md: explain network metrics': async (world) => {
    await monitoring(world);
    await removeMetrics(world);
  },
  'docs/cli.md: status': worst,
  'docs/cli.md: ls': worst,
  'docs/cli.md: explain service shop_web': draining,
  'docs/cli.md: graph service shop_web -o mermaid': draining,
  'docs/cli.md: describe network metrics': shop,
  'docs/cli.md: history': gone,
  'docs/cli.md: wait service shop_web --timeout 1s': draining,
  'docs/cli.md: rm --stack shop --reason "moved to eu-1"': shop,
  'docs/cli.md: rm service grafana shop_wbe': shop,
  'docs/cli.md: undelete service/shop_web': draining,
  'docs/cli.md: protect network metrics': shop,
  'docs/cli.md: audit': overwritten,
  'docs/cli.md: sweep': worst,
  'docs/cli.md: redrive': worst,
  'docs/cli.md: import shop.json': files,
  'docs/cli.md: import services.json': files,
  'docs/cli.md: export cluster.json': draining,
  'docs/your-own-kinds.md: lifecycle library.json': library,
};

/** Blocks about other kinds, and what there is before them. */
const OF_KINDS: Readonly<Record<string, () => Promise<Shown>>> = {
  'docs/cli.md: explain volume data': async () => {
    const world = await swarm();
    await world.client.remove('service', 'db', { by: 'ann' });
    await world.client.remove('volume', 'data', { by: 'ann' });
    await world.backend.deliver();
    world.chance.advance(6 * SECOND_MILLIS);
    return world;
  },
  'docs/cli.md: rm hackathon/spring category/games': ideas,
};

/** Quoted from a run on the local cloud: what it tries needs queues, alarms and functions, which no tables in memory have. */
const NOT_IN_MEMORY: readonly string[] = ['docs/cli.md: selftest'];

/** Blocks without a language that are no output of ours. */
const NO_OUTPUT = /^(item = read lifecycle|streams\(batch\)|bin\/ |14:02:10\.1|\{"deallocator":"lines")/;
const OUTPUT = /^```\n(\$ deallocator [^\n]*\n.*?)^```$/gms;
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);

/** As a terminal shows it where somebody says yes to every question. */
async function transcript(world: Shown, line: string): Promise<string> {
  let shown = `$ deallocator ${line}\n`;
  const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? (word as string));
  const onText = (text: string) => {
    shown += text.endsWith('[y/N] ') ? `${text}y\n` : text;
  };
  await world.cli(args, { directory: folder, input: 'y\n', isTerminal: true, onText });
  await world.backend.deliver();
  return shown;
}

/** @param first a page, and the first command of a block there */
async function worldBefore(first: string): Promise<Shown> {
  const ofKinds = OF_KINDS[first];
  if (ofKinds !== undefined) return ofKinds();
  const before = BEFORE[first];
  if (before === undefined) throw new Error(`${first} is quoted: say in BEFORE what there is before it`);
  const world = docsWorld();
  await before(world);
  return world;
}

async function rewritten(page: string): Promise<string> {
  let text = readFileSync(join(ROOT, page), 'utf8');
  for (const [, block = ''] of text.matchAll(OUTPUT)) {
    const lines = [...block.matchAll(/^\$ deallocator (.*)$/gm)].map(([, line]) => line as string);
    const first = `${page}: ${lines[0]}`;
    if (NOT_IN_MEMORY.includes(first)) continue;
    const world = await worldBefore(first);
    let shown = '';
    for (const line of lines) shown += await transcript(world, line);
    text = text.replace(block, () => shown);
  }
  return text;
}

it.each(PAGES)('%s quotes what the command line prints', async (page) => {
  await expect(await rewritten(page)).toMatchFileSnapshot(join(ROOT, page));
});

it('no page quotes an output that is not made here', () => {
  const made = new Set<string>();
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, language, block = '']) =>
      language === '' ? [block] : [],
    );
    const others = blocks.filter((block) => !block.startsWith('$ deallocator ') && !NO_OUTPUT.test(block));
    expect(others, page).toEqual([]);
    for (const [, block = ''] of text.matchAll(OUTPUT)) made.add(`${page}: ${block.slice(14).split('\n')[0]}`);
  }
  expect([...made].sort()).toEqual([...Object.keys(BEFORE), ...Object.keys(OF_KINDS), ...NOT_IN_MEMORY].sort());
});
