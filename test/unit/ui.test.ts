/** The page without a browser: who is served, what becomes of hostile text, how long a drain takes, who is read for. */
import { request } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { drawSvg } from '../../bin/cli/graph-svg.ts';
import { openDrains } from '../../bin/ui/drains.ts';
import { openFeeds, type Told } from '../../bin/ui/feeds.ts';
import { html, markup, textOf } from '../../bin/ui/html.ts';
import { refusalOf } from '../../bin/ui/requests.ts';
import { serveUi, type Ui } from '../../bin/ui/server.ts';
import { viewOf } from '../../bin/ui/views.ts';
import { refuseWrites } from '../../lib/dynamodb/read-only.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { renderGraph } from '../../lib/operate/reports/graph.ts';
import { memoryCluster } from '../support/memory-cluster.ts';

const HOSTILE = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onclick='",
    '&lt;',
    '\u202e',
    '\ud800',
    ']]>',
    '--><b>',
  ),
);

describe('a request', () => {
  const own = { host: '127.0.0.1:8410' };
  it.each([
    [own],
    [{ host: 'localhost:9000', origin: 'http://localhost:9000' }],
    [{ host: '[::1]:1' }],
    [{ ...own, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }],
    [{ ...own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
  ])('is served: %j', (headers) => expect(refusalOf('GET', headers)).toBeUndefined());

  it.each([
    [421, 'GET', {}],
    [421, 'GET', { host: 'evil.test:8410' }],
    [421, 'GET', { host: '127.0.0.1.evil.test' }],
    [421, 'GET', { host: 'localhost@evil.test' }],
    [405, 'POST', own],
    [405, 'OPTIONS', own],
    [403, 'GET', { ...own, origin: 'http://evil.test' }],
    [403, 'GET', { ...own, origin: 'null' }],
    [403, 'GET', { ...own, origin: 'http://127.0.0.1:9999' }],
    [403, 'GET', { ...own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    [403, 'GET', { ...own, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
    [403, 'GET', { ...own, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
  ])('is refused with %i: %s %j', (status, method, headers) => expect(refusalOf(method, headers)?.status).toBe(status));
});

describe('text of the tables', () => {
  it('is text in HTML, within quotes too', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        expect(textOf(html`<a title="${text}">${[html`${text}`]}</a>`)).toMatch(/^<a title="[^"<>']*">[^"<>']*<\/a>$/);
      }),
    );
    expect(textOf(html`${markup('<b>')}${false}${undefined}${1}&`)).toBe('<b>1&');
  });

  it('is no markup even where a raw write made it look like one', () => {
    expect(textOf({ html: '<b>', markup: '<b>' } as unknown as string)).not.toContain('<');
  });

  it('is text in a picture, and its links lead to its page', async () => {
    for (const id of fc.sample(HOSTILE, 40)) {
      const part = {
        parents: new Map([[`service#${id}`, undefined]]),
        plan: memoryCluster().cluster.plan,
        children: new Map(),
        users: new Map(),
        isWhole: true,
      };
      const linkTo = () => `/object?${new URLSearchParams({ kind: 'service', id })}`;
      const dot = renderGraph(part, memoryCluster().cluster.circumstances, 'dot', { hasLegend: false, linkTo });
      const svg = await drawSvg(dot, true);
      expect(svg).not.toMatch(/<(?!\/?(svg|g|a|polygon|path|text)[\s>])/);
      expect(svg.match(/<a /g)).toHaveLength(1);
      expect(svg).toMatch(/<a xlink:href="\/object\?kind=service&amp;id=[^"<>]*"/);
    }
  });
});

describe('an address', () => {
  const at = (address: string) => viewOf(memoryCluster().cluster.plan, new URL(address, 'http://127.0.0.1'));
  it.each([
    ['/', '/'],
    ['/?a=1', '/'],
    ['/objects', '/objects'],
    ['/objects?stack=a%20b', '/objects?stack=a+b'],
    ['/object?kind=svc&id=..', '/object?kind=service&id=..'],
    ['/object?id=a/b%22&kind=network', '/object?kind=network&id=a%2Fb%22'],
  ])('%s is the view %s', (address, view) => expect(at(address)?.address).toBe(view));

  it.each([
    '/x',
    '/object',
    '/object?kind=city&id=a',
    '/object?kind=service&id=',
    `/object?kind=service&id=${'x'.repeat(3000)}`,
  ])('%s is none', (address) => expect(at(address)).toBeUndefined());
});

it('a drain is measured from the most that was seen, and forgotten with its mark', () => {
  const look = openDrains();
  const drain = (count: number, markedAt = 'a', state: 'draining' | 'blocked' = 'draining') => ({
    ...{ object: 'service#web', state, mark: { markedAt }, children: { count, isExact: true } },
  });
  const pace = (...looked: Parameters<typeof look>) => look(...looked).get('service#web');
  expect(pace([drain(8)], 0)).toEqual({ most: 8, secondsLeft: undefined });
  expect(pace([drain(6)], 10_000)).toEqual({ most: 8, secondsLeft: 30 });
  expect(pace([drain(6, 'a', 'blocked')], 10_000)).toEqual({ most: 8, secondsLeft: undefined });
  expect(pace([drain(9)], 20_000)).toEqual({ most: 9, secondsLeft: undefined });
  expect(pace([drain(2, 'b')], 30_000)).toEqual({ most: 2, secondsLeft: undefined });
  look([], 40_000);
  expect(pace([drain(1, 'b')], 50_000)).toEqual({ most: 1, secondsLeft: undefined });
  const held = {
    ...drain(0),
    state: 'held' as const,
    hold: { because: 'grace period' as const, until: '1970-01-01T00:01:00.000Z' },
  };
  expect(pace([held], 18_500)?.secondsLeft).toBe(42);
});

it('a view is read once for all that look, not at all without them, and goes on after a fault', async () => {
  const pauses: { readonly millis: number; end(): void }[] = [];
  let now = 0;
  const chance = {
    ...systemChance,
    nowEpochMillis: () => now,
    pause: (millis: number) => new Promise<void>((end) => pauses.push({ millis, end })),
  };
  const soon = async () => {
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  };
  let reads = 0;
  const read = async () => {
    reads++;
    now += reads === 2 ? 1000 : 0;
    if (reads === 2) throw new Error('no table');
    return new Map([['a', html`${reads}`]]);
  };
  const feeds = openFeeds({ chance, faultWords: (error) => `in words: ${(error as Error).message}` });
  const told: Told[][] = [[], []];
  const leave = told.map((seen) =>
    feeds.join(
      '/',
      () => ({ read, periodMillis: 2000 }),
      (one) => void seen.push(one),
    ),
  );
  await soon();
  expect([reads, told.map((seen) => seen.length), pauses[0]?.millis]).toEqual([1, [1, 1], 2000]);
  pauses[0]?.end();
  await soon();
  expect(told[0]?.[1]).toEqual({ fault: 'in words: no table' });
  expect(pauses[1]?.millis).toBe(9000);
  pauses[1]?.end();
  await soon();
  expect(told[1]?.[2]).toMatchObject({ readAt: '1970-01-01T00:00:01.000Z' });
  for (const one of leave) one();
  pauses[2]?.end();
  await soon();
  expect([reads, feeds.count()]).toEqual([3, 0]);
});

describe('the server', () => {
  let ui: Ui | undefined;
  afterEach(() => ui?.close());
  const { cluster, client, db } = memoryCluster();
  const serve = async () => {
    ui = await serveUi({ cluster, target: 'here', chance: systemChance, faultWords: String });
    return ui.url;
  };
  const get = (url: string, headers = {}, method = 'GET') =>
    new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: string; end(): void }>(
      (resolve, reject) => {
        const sent = request(url, { method, headers, agent: false }, (answer) => {
          const told = { status: answer.statusCode, headers: answer.headers, end: () => sent.destroy() };
          if (answer.headers['content-type'] === 'text/event-stream') return resolve({ ...told, body: '' });
          let body = '';
          answer.on('data', (text) => (body += text)).on('end', () => resolve({ ...told, body }));
        });
        sent.on('error', reject).end();
      },
    );

  it('gives no other origin a header to read by, and every answer its policy', async () => {
    const url = await serve();
    for (const path of [
      '',
      'page.js',
      'page.css',
      'morphdom-umd.min.js',
      'objects',
      'nothing',
      '../package.json',
      '%2e%2e/server.ts',
    ]) {
      const { status, headers, body } = await get(`${url}${path}`);
      expect(status, path).toBe(/nothing|package|server/.test(path) ? 404 : 200);
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/,
      );
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(body).not.toMatch(/<script>|<style| on\w+="/);
    }
    expect((await get(url, { host: 'evil.test' })).status).toBe(421);
    expect(await get(`${url}events/`, { origin: 'http://evil.test' })).toMatchObject({ status: 403 });
    expect(await get(url, {}, 'DELETE')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it.each(['//[', '/events//[', 'http://[/', '/events', '/%', '/object?kind=%&id=%ff%00'])(
    'answers %s, and goes on',
    async (path) => {
      const { hostname, port } = new URL(await serve());
      const status = await new Promise((resolve, reject) => {
        request({ hostname, port, path, agent: false }, (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end();
      });
      expect(status).toBe(404);
    },
  );

  it('keeps 32 pages up to date, and says so to the next', async () => {
    const url = await serve();
    const open = await Promise.all(Array.from({ length: 32 }, () => get(`${url}events/`)));
    expect(open.map(({ status }) => status)).toEqual(open.map(() => 200));
    expect(await get(`${url}events/`)).toMatchObject({ status: 503, body: expect.stringContaining('32 pages') });
    for (const one of open) one.end();
  });

  it('refuses a port that is taken, and takes another where none was asked for', async () => {
    const first = await serve();
    const port = Number(new URL(first).port);
    const options = { cluster, target: 'here', chance: systemChance, faultWords: String };
    await expect(serveUi({ ...options, port })).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining(`port ${port}`),
    });
    const other = await serveUi(options);
    expect(other.url).not.toBe(first);
    other.close();
  });

  it('has a client that sends nothing but reads', async () => {
    await client.createService({ id: 'web' });
    refuseWrites(db);
    await expect(client.removeService('web')).rejects.toMatchObject({
      message: expect.stringMatching(/was refused: this client only reads/),
    });
    await expect(client.createService({ id: 'api' })).rejects.toMatchObject({
      message: expect.stringMatching(/only reads/),
    });
    expect(await client.getService('web')).toMatchObject({ id: 'web' });
  });
});
