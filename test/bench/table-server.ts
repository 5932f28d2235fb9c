/**
 * A process that answers DynamoDB's reads as tables of any size would, and holds none of them: each item is made from its number, a
 * page has 1,000 of them, as with items of a kilobyte. Writes succeed, and are forgotten.
 */
import { createServer } from 'node:http';

export interface World {
  readonly services: number;
  readonly networks: number;
  /** The first services. */
  readonly marked: number;
  /** The last services, which lack their attachments. */
  readonly faults: number;
  readonly receipts: number;
  /** Single reads find nothing, so that an import creates all. */
  readonly isEmpty: boolean;
}

type Item = Record<string, unknown>;
type Key = Readonly<Record<string, { readonly S: string }>>;
interface Input {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly Limit?: number;
  readonly Key?: Key;
  readonly ExclusiveStartKey?: Key;
  readonly ExpressionAttributeValues?: Key;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Key[] }>>;
}

const PAGE_ITEMS = 1000;
const DIGITS = 8;
const { services, networks, marked, faults, receipts, isEmpty } = JSON.parse(process.argv[2] as string) as World;
const name = (letter: string, n: number) => `${letter}-${String(n).padStart(DIGITS, '0')}`;
const numberIn = (id: string) => Number(id.slice(-DIGITS));
const markOf = (n: number) => ({
  pendingDelete: { BOOL: true },
  markedAt: { S: `2026-01-01T00:00:00.000Z#${n}` },
});

const TABLES: Record<
  string,
  { readonly count: number; readonly itemOf: (n: number) => Item; readonly key: readonly string[] }
> = {
  services: {
    count: services,
    key: ['id'],
    itemOf: (n) => ({
      id: { S: name('s', n) },
      spec: {
        M: { networks: { L: [{ M: { target: { S: name('n', n % networks) } } }] }, note: { S: 'x'.repeat(100) } },
      },
      ...(n < marked && markOf(n)),
    }),
  },
  networks: { count: networks, key: ['id'], itemOf: (n) => ({ id: { S: name('n', n) } }) },
  tasks: {
    count: 2 * services,
    key: ['serviceId', 'id'],
    itemOf: (n) => ({
      serviceId: { S: name('s', n >> 1) },
      id: { S: name('t', n) },
      status: { M: { state: { S: 'running' } } },
    }),
  },
  attachments: {
    count: services - faults,
    key: ['held', 'holder'],
    itemOf: (n) => ({ held: { S: `network#${name('n', n % networks)}` }, holder: { S: `service#${name('s', n)}` } }),
  },
  counters: {
    count: marked,
    key: ['id'],
    itemOf: (n) => ({ id: { S: `service#${name('s', n)}` }, remaining: { N: '2' }, epoch: { S: 'e' } }),
  },
  receipts: {
    count: receipts,
    key: ['id', 'markedAt'],
    itemOf: (n) => ({
      id: { S: `service#${name('r', n)}` },
      markedAt: { S: `2026-01-01T00:00:00.000Z#${n}` },
      deletedAt: { S: new Date(1_767_225_600_000 + n * 1000).toISOString() },
      trigger: { S: 'task-deleted' },
      freed: { L: [] },
      kept: { L: [] },
    }),
  },
};
const tableOf = (table: string) => TABLES[table] as (typeof TABLES)[string];
/** An attachment's number is its service's, any other item's that of its id. */
const numberOf = (key: Key) => numberIn((('held' in key ? key.holder : key.id) as Key[string]).S);
const keyOf = (table: string, item: Item) => Object.fromEntries(tableOf(table).key.map((part) => [part, item[part]]));

function find(table: string, key: Key): Item[] {
  const { count, itemOf } = tableOf(table);
  const n = numberOf(key);
  if (isEmpty || !(n < count)) return [];
  const item = itemOf(n);
  return JSON.stringify(keyOf(table, item)) === JSON.stringify(keyOf(table, key)) ? [item] : [];
}

function scan({ TableName, IndexName, Limit = PAGE_ITEMS, ExclusiveStartKey }: Input) {
  const { count, itemOf } = tableOf(TableName);
  const all = IndexName === undefined ? count : TableName === 'services' ? marked : 0;
  const start = ExclusiveStartKey === undefined ? 0 : numberOf(ExclusiveStartKey) + 1;
  const end = Math.min(all, start + Math.min(Limit, PAGE_ITEMS));
  return page(TableName, start, end, end < all, itemOf);
}

function page(table: string, start: number, end: number, isMore: boolean, itemOf: (n: number) => Item) {
  const Items = Array.from({ length: Math.max(0, end - start) }, (_, place) => itemOf(start + place));
  const last = Items.at(-1);
  return { Items, Count: Items.length, ...(isMore && last && { LastEvaluatedKey: keyOf(table, last) }) };
}

/** A service has two tasks; a network has each service of its own remainder; nothing has a receipt of its own. */
function query({ TableName, ExpressionAttributeValues = {}, Limit = PAGE_ITEMS, ExclusiveStartKey }: Input) {
  const [parent] = Object.values(ExpressionAttributeValues);
  const n = numberIn(parent?.S ?? '');
  if (TableName === 'tasks') return page('tasks', 2 * n, n < services ? 2 * n + 2 : 0, false, tableOf('tasks').itemOf);
  if (TableName !== 'attachments') return { Items: [], Count: 0 };
  const { count, itemOf } = tableOf('attachments');
  const users = Math.ceil((count - n) / networks);
  const start = ExclusiveStartKey === undefined ? 0 : Math.floor(numberOf(ExclusiveStartKey) / networks) + 1;
  const end = Math.min(users, start + Limit);
  return page('attachments', start, end, end < users, (place) => itemOf(n + place * networks));
}

const ANSWERS: Readonly<Record<string, (input: Input) => unknown>> = {
  Scan: scan,
  Query: query,
  GetItem: ({ TableName, Key = {} }) => ({ Item: find(TableName, Key)[0] }),
  BatchGetItem: ({ RequestItems = {} }) => ({
    Responses: Object.fromEntries(
      Object.entries(RequestItems).map(([table, { Keys }]) => [table, Keys.flatMap((key) => find(table, key))]),
    ),
    UnprocessedKeys: {},
  }),
  TransactWriteItems: () => ({}),
};

let requests = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    requests++;
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    const answer = ANSWERS[operation]?.(JSON.parse(Buffer.concat(chunks).toString()));
    const body = JSON.stringify(answer ?? { __type: 'UnknownOperationException' });
    response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  });
});
process.on('message', () => process.send?.(requests));
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
