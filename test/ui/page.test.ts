/**
 * The page in Debian's Chromium, over tables in memory with the real handlers behind them. UI_PICTURES=1 in the environment also
 * writes the pictures of docs/ui.md.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import type { StatusEntry } from '../../lib/operate/reports/status.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { MEMORY_NAMES, memoryClient } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { call } from '../support/command-line.ts';
import { memoryBackend } from '../support/memory-backend.ts';

const CHROMIUM = '/usr/bin/chromium';
const isThere = existsSync(CHROMIUM);
if (!isThere) {
  const words = `${CHROMIUM} is not there, so NOTHING of the page was tested in a browser: apt-get install chromium`;
  if (process.env.CI_RUN) throw new Error(words);
  console.warn(`\n*** ${words} ***\n`);
}
const PICTURES = process.env.UI_PICTURES === undefined ? undefined : join(import.meta.dirname, '../../docs');
/** A page is read anew every two seconds. */
const WAIT = { timeout: 30_000 };
const WINDOW = { width: 1000, height: 840 };

let browser: Browser;
beforeAll(async () => {
  if (!isThere) return;
  const args = ['--no-sandbox', '--host-resolver-rules=MAP evil.test 127.0.0.1'];
  browser = await chromium.launch({ executablePath: CHROMIUM, args });
});
afterAll(async () => browser?.close());

/** Tables, a client that writes, and the command that shows them with a client of its own. */
function openWorld() {
  const chance = systemChance;
  const backend = memoryBackend({ rules: DEFAULT_RULES });
  const { tables } = backend;
  const clientOf = (refuses: () => unknown) => {
    const engine = new MemoryEngine({ tables, names: MEMORY_NAMES });
    return memoryClient(async (operation, input) => {
      const refusal = refuses();
      if (refusal !== undefined) throw refusal;
      return engine.carryOut(operation, input);
    });
  };
  const client = new DeallocatorClient({ tables: MEMORY_NAMES, client: clientOf(() => undefined), chance });
  const world = { fault: undefined as Error | undefined };
  const connection = { endpoint: 'http://127.0.0.1:4000', region: 'us-east-1' };
  const open = async () => {
    const db = documentClient(clientOf(() => world.fault));
    return {
      ...{ tables: MEMORY_NAMES, rules: DEFAULT_RULES, sweepFunctionName: 'sweep', deadLetterQueueUrl: undefined },
      ...{ target: connection, connection, where: { ...connection, tables: [] }, db, client, close: () => {} },
      cluster: new Cluster(db, MEMORY_NAMES, { rules: DEFAULT_RULES, chance, isLearned: true }),
      sweep: { invoke: backend.sweep },
    };
  };
  return { backend, tables, client, open, world };
}

type World = ReturnType<typeof openWorld>;

/** `deallocator ui`, until `end`. */
async function startUi({ open }: World) {
  const interruption = new AbortController();
  let listening: (url: string) => void = () => {};
  const url = new Promise<string>((resolve) => {
    listening = resolve;
  });
  const onOutput = (text: string) => listening(JSON.parse(text).url);
  const ended = call(['ui', '--json'], { open, signal: interruption.signal, onOutput });
  const end = async () => {
    interruption.abort();
    return (await ended).status;
  };
  return { url: await Promise.race([url, ended.then(({ stderr }) => stderr)]), end };
}

describe.skipIf(!isThere)('the page', () => {
  let here: World;
  let ui: Awaited<ReturnType<typeof startUi>>;
  let page: Page;
  const thrown: string[] = [];
  beforeEach(async () => {
    here = openWorld();
    ui = await startUi(here);
    const context = await browser.newContext({ viewport: WINDOW });
    page = await context.newPage();
    thrown.length = 0;
    page.on('pageerror', ({ message }) => thrown.push(message));
    page.on('dialog', (dialog) => thrown.push(dialog.message()));
    return async () => {
      await context.close();
      expect(await ui.end()).toBe(0);
      expect(thrown).toEqual([]);
    };
  });
  /** As a text: the types of a browser are not those of a test. */
  const inPage = (script: string): Promise<unknown> => page.evaluate(script);
  const hide = (isHidden: boolean) =>
    inPage(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
  const goTo = async (path = '') => {
    await page.goto(`${ui.url}${path}`);
    await page.waitForSelector('#reading', { state: 'detached', ...WAIT });
  };
  const picture = async (name: string, options = {}) => {
    if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, `${name}.png`), ...options });
  };
  /** Each row's object, state and number, as the page has them now. */
  const rows = () =>
    page.$$eval('#marked tbody tr', (all) =>
      all.map((row) => [
        row.id,
        row.querySelector('.state')?.textContent,
        Number.parseInt(row.querySelector('[data-label=Left]')?.textContent ?? '', 10),
      ]),
    );
  /** What each row calls its object, and its words for what that waits for and has left. */
  const words = () =>
    page.$$eval('#marked tbody tr', (all) =>
      all.map((row) =>
        ['th', '[data-label=State]', '[data-label=Left]'].map((cell) => row.querySelector(cell)?.textContent),
      ),
    );
  const isAsStatus = () =>
    vi.waitFor(async () => {
      const { marked } = JSON.parse((await call(['status', '--json'], { open: here.open })).stdout);
      const told = (marked as StatusEntry[]).map(({ object, state, children }) => [object, state, children.count]);
      expect(await rows()).toEqual(told);
      const { stdout } = await call(['status'], { open: here.open });
      const [, head, , , ...lines] = stdout.trimEnd().split('\n');
      expect(await page.textContent('#marked-head')).toBe(head);
      const columns = lines.map((line) => line.split(/ {3,}/));
      expect(await words()).toEqual(columns.map(([kind, id, state, left]) => [`${kind} ${id}`, state, left]));
    }, WAIT);
  const swarm = async () => {
    const { client, backend } = here;
    const uses = (...ids: string[]) => ({ spec: { networks: ids.map((target) => ({ target })) } });
    for (const id of ['shop_front', 'shop_back', 'metrics']) await client.createNetwork({ id });
    await client.createService({ id: 'shop_web', ...uses('shop_front', 'metrics') });
    await client.createService({ id: 'shop_orders', ...uses('shop_back', 'shop_front') });
    await client.createService({ id: 'grafana', ...uses('metrics') });
    await client.createTasks(
      'shop_web',
      Array.from({ length: 12 }, (_, n) => ({ id: `${n + 1}` })),
    );
    await client.createTasks('shop_orders', [{ id: '1' }, { id: '2' }, { id: '3' }]);
    await client.createService({ id: 'shop_cron' });
    await client.removeService('shop_cron', { by: 'ann', reason: 'moved to eu-1' });
    for (const id of ['shop_web', 'shop_orders'])
      await client.removeService(id, { by: 'ann', reason: 'moved to eu-1' });
    for (const id of ['shop_front', 'shop_back', 'metrics'])
      await client.removeNetwork(id, { whenInUse: 'wait', by: 'ann' });
    await backend.deliver();
  };

  it('shows a drain until it ends, at each moment as status does, and who blocks a network', async () => {
    await swarm();
    await goTo();
    await isAsStatus();
    expect(await page.textContent('[id="network#metrics"] [data-label=State]')).toBe(
      'blocked: used by service grafana (not marked)',
    );
    expect(await page.$$eval('.edge.blocks', (edges) => edges.length)).toBe(1);
    await here.client.deleteTasks('shop_web', ['1', '2', '3', '4', '5', '6', '7']);
    await here.client.deleteTasks('shop_orders', ['1']);
    await here.backend.deliver();
    await isAsStatus();
    expect(await page.getAttribute('[id="service#shop_web"] progress', 'value')).toBe('7');
    expect(await page.textContent('[id="service#shop_web"] [data-label="Time left"]')).toMatch(/^about \d+/);
    await picture('ui-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture('ui-dark');
    await here.client.deleteTasks('shop_web', ['8', '9', '10', '11', '12']);
    await here.backend.deliver();
    await isAsStatus();
    await here.client.deleteTasks('shop_orders', ['2', '3']);
    await here.backend.deliver();
    await isAsStatus();
    expect(await rows()).toEqual([['network#metrics', 'blocked', 1]]);
    await expect
      .poll(() => page.textContent('#deletions ul'), WAIT)
      .toMatch(/service shop_orders with network shop_(back|front), network/);
    await here.client.removeService('grafana');
    await here.backend.deliver();
    await expect.poll(() => page.textContent('#marked-head'), WAIT).toBe('Nothing is marked for deletion.');
  });

  it('shows each state in the words and numbers of status, the worst first', async () => {
    await goTo();
    const { client, tables, backend } = here;
    await client.createNetwork({ id: 'front' });
    const uses = { spec: { networks: [{ target: 'front' }] } };
    for (const id of ['odd', 'slow', 'kept', 'drains']) await client.createService({ id });
    await client.createService({ id: 'user', ...uses });
    await client.createTasks('drains', [{ id: '1' }, { id: '2' }]);
    for (const id of ['odd', 'slow', 'user']) await client.createTask(id, { id: '1' });
    for (const id of ['odd', 'slow', 'kept', 'drains']) await client.removeService(id);
    tables.put('services', { ...tables.get('services', { id: 'kept' }), protected: true });
    await client.removeNetwork('front', { whenInUse: 'wait' });
    await backend.deliver();
    await isAsStatus();
    tables.put('counters', { id: 'service#odd', remaining: 'abc', epoch: 'e' });
    tables.put('services', { ...tables.get('services', { id: 'slow' }), markedAt: '2020-01-01T00:00:00.000Z#1' });
    tables.delete('counters', { id: 'service#slow' });
    await client.createService({ id: 'empty' });
    await client.removeService('empty');
    await isAsStatus();
    expect((await rows()).map(([object, state]) => [object, state])).toEqual([
      ['service#odd', 'unreadable'],
      ['network#front', 'blocked'],
      ['service#slow', 'stalled'],
      ['service#kept', 'held'],
      ['service#drains', 'draining'],
      ['service#empty', 'ready'],
    ]);
  });

  it('shows ids, names and reasons as text, whatever they hold', async () => {
    const odd = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(2)>',
      'a\u202eb\u0007',
      'x'.repeat(900),
      '"]; n0 -> n1 ["',
      '..',
      '&lt;b&gt;',
    ];
    for (const id of odd) {
      await here.client.createService({
        id,
        spec: { annotations: { name: `<b>${id}`, labels: { 'com.docker.stack.namespace': '<i>"\'' } } },
      });
      await here.client.createTask(id, { id: '<u>' });
      await here.client.removeService(id, {
        by: '<img src=x onerror=alert(3)>',
        reason: '</td><script>alert(4)</script>',
      });
    }
    await here.backend.deliver();
    const foreign = 'main :is(script, img, b, i, u, iframe, style, [onerror])';
    await goTo();
    expect(await rows()).toHaveLength(odd.length);
    expect(await page.$$(foreign)).toEqual([]);
    expect(await page.$$eval('.node', (nodes) => nodes.length)).toBe(odd.length);
    expect(await page.textContent('#marked')).toContain('service <script>alert(1)</script>');
    expect(await page.textContent('#marked')).toContain('a\\u{202e}b\\u{7}');
    const links = await page.$$eval('#marked a', (all) => all.map((link) => link.getAttribute('href') ?? ''));
    for (const link of links) {
      await goTo(link.slice(1));
      expect(await page.textContent('#facts-head')).toContain('is marked for deletion');
      expect(await page.$$(foreign)).toEqual([]);
    }
    await goTo(`objects?${new URLSearchParams({ stack: '<i>"\'' })}`);
    expect(await page.$$eval('#objects tbody tr', (all) => all.length)).toBe(odd.length);
    expect(await page.$$(foreign)).toEqual([]);
    expect(await inPage('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
  });

  it('can be used with the keyboard alone, and keeps the focus while it changes', async () => {
    await swarm();
    await goTo();
    const press = async (until: string) => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab');
        if (await inPage(`document.activeElement.matches(${JSON.stringify(until)})`)) return;
      }
      throw new Error(`no Tab leads to ${until}`);
    };
    await press('.skip');
    expect(await inPage('document.activeElement.getBoundingClientRect().left')).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    await press('[id="service#shop_web"] a');
    const before = await page.textContent('#live');
    await here.client.deleteTask('shop_web', '1');
    await here.backend.deliver();
    await expect.poll(() => page.textContent('#live'), WAIT).not.toBe(before);
    expect(await inPage('document.activeElement.closest("tr").id')).toBe('service#shop_web');
    await press('.scroll');
    await press('.node a');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#facts', WAIT);
    expect(new URL(page.url()).pathname).toBe('/object');
    const heads = await page.$$eval('section', (all) => all.map((one) => one.getAttribute('aria-labelledby') ?? ''));
    expect(heads.length).toBeGreaterThan(2);
    for (const head of heads) expect(await page.textContent(`[id="${head}"]`)).not.toBe('');
  });

  it('shows what is wrong in words, keeps what it had read, and goes on when it is mended', async () => {
    await swarm();
    await goTo();
    const before = await rows();
    here.world.fault = Object.assign(new Error('Requested resource not found'), {
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 400 },
    });
    await page.waitForSelector('#fault:not([hidden])', WAIT);
    expect(await page.textContent('#fault')).toMatch(/table.*not there|not found/);
    expect(await rows()).toEqual(before);
    here.world.fault = undefined;
    await page.waitForSelector('#fault', { state: 'hidden', ...WAIT });
    await page.waitForSelector('#live.live', WAIT);
  });

  it('is not read by another origin: not by its scripts, and not under a name that leads here', async () => {
    await swarm();
    const stranger = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<title>x</title>'),
    );
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = new URL(ui.url);
    const tries = async () => {
      const read = (path: string, mode = 'cors') =>
        inPage(
          `fetch(${JSON.stringify(`${ui.url}${path}`)}, { mode: '${mode}' }).then(async (got) => got.status + ': ' + (await got.text()), String)`,
        );
      for (const path of ['', 'page.js', 'events/']) expect(await read(path)).toMatch(/^TypeError/);
      for (const path of ['', 'page.js']) expect(await read(path, 'no-cors')).toMatch(/^(TypeError|0: )/);
      const framed = inPage(`new Promise((resolve) => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.onload = () => resolve(frame.contentDocument ? frame.contentDocument.body.textContent : 'unreadable');
        frame.src = ${JSON.stringify(ui.url)};
      })`);
      expect(await framed).toBe('unreadable');
    };
    await page.goto(`http://127.0.0.1:${(stranger.address() as { port: number }).port}/`);
    await tries();
    await page.goto(`http://evil.test:${(stranger.address() as { port: number }).port}/`);
    await tries();
    stranger.close();
    for (const path of ['', 'events/', 'page.js']) {
      const answer = await page.goto(`http://evil.test:${port}/${path}`);
      expect(answer?.status()).toBe(421);
      expect(await page.textContent('body')).not.toContain('shop');
    }
  });

  it('listens on loopback alone', async () => {
    const port = Number(new URL(ui.url).port);
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const isOurs = (inode: string) =>
      readdirSync('/proc/self/fd').some((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === `socket:[${inode}]`;
        } catch {
          return false;
        }
      });
    const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
      (existsSync(file) ? readFileSync(file, 'utf8') : '')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state, ...rest]) => state === '0A' && isOurs(rest[5] ?? ''))
        .map(([, address]) => address),
    );
    expect(listening.filter((address) => address?.endsWith(`:${hex}`))).toEqual([`0100007F:${hex}`]);
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((one) => one !== undefined && !one.internal && one.family === 'IPv4');
    for (const other of others) {
      const answer = new Promise((resolve) =>
        connect(port, other?.address)
          .on('connect', () => resolve('open'))
          .on('error', () => resolve('refused')),
      );
      expect(await answer).toBe('refused');
    }
  });

  it('asks for nothing while it is hidden', async () => {
    await goTo();
    await hide(true);
    const before = await page.textContent('#live');
    await here.client.createService({ id: 'late' });
    await here.client.createTask('late', { id: '1' });
    await here.client.removeService('late');
    await page.waitForTimeout(5000);
    expect(await page.textContent('#live')).toBe(before);
    await hide(false);
    await expect.poll(rows, WAIT).toEqual([['service#late', 'draining', 1]]);
  });
});
