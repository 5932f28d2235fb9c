/** The page's server: on the loopback interface alone, and only for what its own page asks. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Cluster } from '../../lib/operate/reports/cluster.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { type FeedOptions, openFeeds, type Told } from './feeds.ts';
import { html, textOf } from './html.ts';
import { HEADERS, refusalOf } from './requests.ts';
import { type View, viewOf } from './views.ts';

/** Pages that are told of changes at a time: each view costs reads. A browser itself opens six to one server. */
const VIEWERS_MAX = 32;
/** Connections beside, for what a page loads. */
const CONNECTIONS_MAX = 2 * VIEWERS_MAX;
/** Where the port that is usual is taken, any other will do. */
const PORT_USUAL = 8410;
const EVENTS = '/events';

export interface UiOptions extends FeedOptions {
  readonly cluster: Cluster;
  /** What is shown: which deployment. */
  readonly target: string;
  /** @default 8410, or any free one where that is taken */
  readonly port?: number | undefined;
}

export interface Ui {
  readonly url: string;
  close(): void;
}

export async function serveUi({ cluster, target, port, ...options }: UiOptions): Promise<Ui> {
  const feeds = openFeeds(options);
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refused = refusalOf(request.method, request.headers);
    if (refused !== undefined) return end(response, refused.status, refused.words);
    const address = readAddress(request.url ?? '');
    const { pathname } = address;
    if (FILES.includes(pathname)) return end(response, 200, readPage(pathname), extname(pathname));
    const isEvents = pathname.startsWith(`${EVENTS}/`);
    if (isEvents) address.pathname = pathname.slice(EVENTS.length);
    const view = viewOf(cluster.plan, address);
    if (view === undefined) return end(response, 404, 'there is no such page; / shows what is marked');
    if (!isEvents) return end(response, 200, textOf(shellOf(view, target)), '.html');
    if (viewers.size >= VIEWERS_MAX) return end(response, 503, `${VIEWERS_MAX} pages are open already; close some`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (request.method === 'HEAD') return void response.end();
    response.write('retry: 2000\n\n');
    viewers.add(response);
    const leave = feeds.join(view.address, () => view.open(cluster), eventsTo(response));
    response.on('close', () => viewers.delete(response) && leave());
  });
  const viewers = new Set<ServerResponse>();
  server.maxConnections = CONNECTIONS_MAX;
  const used = await listen(server, port);
  return { url: `http://127.0.0.1:${used}/`, close: () => server.close().closeAllConnections() };
}

/** What can't be an address is that of no page. */
function readAddress(url: string): URL {
  const base = 'http://127.0.0.1';
  return URL.canParse(url, base) ? new URL(url, base) : new URL('/none', base);
}

/** Takes what a viewer is told, and sends it as events: of the parts only those that are not as they were. */
function eventsTo(response: ServerResponse): (told: Told) => void {
  const sent = new Map<string, string>();
  return (told) => {
    // One that reads slowly is told the next time: what it has missed still differs from what it was sent.
    if (response.writableNeedDrain) return;
    const parts = [...(told.parts ?? [])].map(([id, part]) => [id, textOf(part)] as const);
    const changed = parts.filter(([id, text]) => sent.get(id) !== text);
    for (const [id, text] of changed) sent.set(id, text);
    response.write(`data: ${JSON.stringify({ ...told, parts: changed })}\n\n`);
  };
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'html', '.js': 'javascript', '.css': 'css' };
const FILES: readonly string[] = ['/page.js', '/page.css', '/morphdom-umd.min.js'];

/** Beside this file; the package's build puts the library's file there too. */
function readPage(name: string): string {
  const path = join(import.meta.dirname, 'page', name);
  const { resolve } = createRequire(import.meta.url);
  return readFileSync(existsSync(path) ? path : resolve(`morphdom/dist${name}`), 'utf8');
}

function shellOf({ address, title }: View, target: string) {
  const tab = (to: string, words: string) =>
    html`<a href="${to}"${address === to && html` aria-current="page"`}>${words}</a>`;
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title} – deallocator</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css">
<script src="/morphdom-umd.min.js" defer></script><script src="/page.js" defer></script></head>
<body><a class="skip" href="#main">Skip to what is shown</a>
<header><h1>deallocator</h1><p id="target">${target}</p>
<nav aria-label="Views">${tab('/', 'Overview')} ${tab('/objects', 'Objects')}</nav><p id="live">connecting</p></header>
<p id="fault" class="fault" role="alert" hidden></p>
<main id="main" tabindex="-1"><p id="reading">Reading the tables …</p><noscript>This page shows what happens as it happens, and needs JavaScript for it. "deallocator status" tells the same.</noscript></main></body></html>`;
}

function end(response: ServerResponse, status: number, body: string, extension = ''): void {
  const type = `text/${TYPES[extension] ?? 'plain'}; charset=utf-8`;
  response.writeHead(status, { 'content-type': type, ...(status === 405 && { allow: 'GET, HEAD' }) }).end(body);
}

/** Where no port was asked for and the usual one is taken, on any free one. */
async function listen(server: Server, port: number | undefined): Promise<number> {
  const at = async (one: number) => {
    await once(server.listen({ host: '127.0.0.1', port: one }), 'listening');
    return (server.address() as AddressInfo).port;
  };
  return at(port ?? PORT_USUAL).catch((cause: NodeJS.ErrnoException) => {
    const isTaken = cause.code === 'EADDRINUSE' || cause.code === 'EACCES';
    if (!isTaken) throw cause;
    if (port === undefined) return at(0);
    throw new DeallocatorError(
      'FailedPrecondition',
      `port ${port} can't be listened on (${cause.code}); choose another with --port, or none`,
      { cause },
    );
  });
}
