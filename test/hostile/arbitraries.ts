/** What nobody should send, and somebody will: values, ids, and stream records built of them. */
import fc from 'fast-check';
import type { Streamed } from './house.ts';

/** Ids that trip over separators, prototypes, encodings and the lengths of keys. */
export const ODD_IDS: readonly string[] = [
  '#',
  'a#b',
  'service#web',
  'network#front',
  'sweep',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  '😀',
  '\u202eabc',
  'e\u0301',
  '\ufeff',
  '\u2028',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'then',
  'null',
  'undefined',
  ' ',
  '\n',
  '{"S":"x"}',
  "'; --",
  'x'.repeat(1016),
  'x'.repeat(1017),
  'x'.repeat(1025),
  'é'.repeat(1020),
  'x'.repeat(2040),
  'x'.repeat(2041),
  'x'.repeat(2048),
  'x'.repeat(2049),
  'x'.repeat(70_000),
];

export const oddId = fc.oneof(fc.constantFrom(...ODD_IDS), fc.string({ minLength: 1, unit: 'binary', maxLength: 40 }));

/** A value as it stands in Lambda's JSON: never undefined, no functions, and `__proto__` as a key like any other. */
export const json: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(1e308, -0, '9'.repeat(38), '1E+125', JSON.parse('{"__proto__":{"S":"web"}}'), {
    constructor: { S: 'web' },
  }),
  fc.constantFrom(33, 500, 20_000).map((levels) => nested(levels)),
);

/** Deeper than DynamoDB's 32 levels, and deeper than a recursive reader's stack. */
export function nested(levels: number, kind: 'M' | 'L' = 'M'): unknown {
  const [open, close] = kind === 'M' ? ['{"M":{"a":', '}}'] : ['{"L":[', ']}'];
  const value = JSON.parse(`${open.repeat(levels)}{"S":"x"}${close.repeat(levels)}`);
  // A failing run is printed, and the printer's own stack would end here.
  return Object.defineProperty(value, fc.toStringMethod, { value: () => `nested(${levels}, '${kind}')` });
}

/** A value of DynamoDB, well formed: with numbers of 38 digits, at the ends of its range, and deep nesting. */
export const attributeValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.string({ unit: 'binary', maxLength: 20 }).map((S) => ({ S })),
    fc
      .constantFrom('0', '-1', '9'.repeat(38), '1E+125', '-9.9999999999999999999999999999999999999E+125', '1E-130')
      .map((N) => ({ N })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    fc.base64String().map((B) => ({ B })),
    fc.constantFrom({ SS: ['a', 'true'] }, { NS: ['1', '1E+125'] }, { BS: ['AA=='] }),
    fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), { maxKeys: 3 }).map((M) => ({ M })),
    fc.constantFrom(nested(28), nested(28, 'L')),
  ),
})).value;

/** Everything but the BOOL `true`, as it may stand in an image. */
export const noMark: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    { S: 'true' },
    { N: '1' },
    { BOOL: false },
    { BOOL: 'true' },
    { BOOL: 1 },
    { BOOL: null },
    { NULL: true },
    { L: [{ BOOL: true }] },
    { M: { BOOL: { BOOL: true } } },
    { SS: ['true'] },
    { bool: true },
    null,
    true,
    'true',
    1,
  ),
  json.filter((value) => (value as { BOOL?: unknown } | null)?.BOOL !== true),
);

/** A spec as it may stand in an image: network lists of every kind but those that name a network of the story. */
export const oddSpec: fc.Arbitrary<unknown> = fc.oneof(
  attributeValue,
  fc
    .oneof(
      fc.constantFrom<unknown>({ S: 'front' }, { NULL: true }, { M: {} }, { SS: ['front'] }, { N: '7' }, { L: [] }),
      fc
        .array(fc.oneof(attributeValue, fc.record({ M: fc.record({ target: attributeValue }) })), { maxLength: 4 })
        .map((L) => ({ L })),
      fc.array(oddId, { maxLength: 4 }).map((ids) => ({ L: ids.map((S) => ({ M: { target: { S } } })) })),
      fc.constant({ L: Array.from({ length: 200 }, () => ({ M: { target: { S: 'same' } } })) }),
    )
    .chain((list) =>
      fc.constantFrom<unknown>(
        { M: { networks: list } },
        { M: { task: { M: { networks: list } } } },
        { M: { task: { M: { networks: list } }, networks: list } },
      ),
    ),
);

const KEYS: Record<Streamed, readonly string[]> = {
  tasks: ['serviceId', 'id'],
  attachments: ['held', 'holder'],
  services: ['id'],
  networks: ['id'],
};

/** A stream record whose parts can be set one by one; `undefined` leaves a part out, as JSON does. */
export function recordOf(table: Streamed, sequenceNumber: unknown, id: string, more: Record<string, unknown> = {}) {
  const [partitionKey = '', sortKey] = KEYS[table];
  const { eventName = 'REMOVE', ...dynamodb } = more;
  const keys = {
    [partitionKey]: { S: table === 'attachments' ? `network#${id}` : id },
    ...(sortKey && { [sortKey]: { S: 't1' } }),
  };
  return {
    eventID: 'e1',
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    dynamodb: { SequenceNumber: sequenceNumber, Keys: keys, ...dynamodb },
  };
}

/** Records that tell of one of `ids` what isn't so, or what doesn't matter: readable, and so not failed. */
export function oddRecord(
  table: Streamed,
  ids: fc.Arbitrary<string>,
): fc.Arbitrary<(sequenceNumber: string) => unknown> {
  const eventName = fc.constantFrom('INSERT', 'MODIFY', 'REMOVE');
  if (table === 'tasks' || table === 'attachments') {
    return fc.tuple(ids, eventName, attributeValue, json).map(
      ([id, name, NewImage, OldImage]) =>
        (sequenceNumber) =>
          recordOf(table, sequenceNumber, id, { eventName: name, NewImage, OldImage, userIdentity: OldImage }),
    );
  }
  const image = fc.record(
    {
      id: attributeValue,
      pendingDelete: fc.oneof(fc.constant({ BOOL: true }), noMark),
      markedAt: fc.oneof(fc.constant({ S: 'm1' }), attributeValue),
      spec: oddSpec,
      other: attributeValue,
      ['__proto__']: attributeValue,
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  return fc.tuple(ids, eventName, image, image).map(([id, name, OldImage, NewImage]) => (sequenceNumber) => {
    const images = { INSERT: { NewImage }, MODIFY: { NewImage, OldImage }, REMOVE: { OldImage } }[name];
    return recordOf(table, sequenceNumber, id, { eventName: name, ...images });
  });
}

/** Records that can't be read, though their sequence number can: each must fail, under that number and alone. */
export function badRecord(table: Streamed): fc.Arbitrary<(sequenceNumber: string) => unknown> {
  const [partitionKey = ''] = KEYS[table];
  const noEventName = json.filter((name) => !['INSERT', 'MODIFY', 'REMOVE'].includes(name as string));
  const noKey = json.filter((key) => typeof (key as { S?: unknown } | null)?.S !== 'string');
  const damaged = (damage: Record<string, unknown>) => (sequenceNumber: string) =>
    recordOf(table, sequenceNumber, 'unmarked', damage);
  const foreign = (['tasks', 'attachments', 'services', 'networks'] as const).filter(
    (other) => !KEYS[other].includes(partitionKey),
  );
  const common = [
    noEventName.map((eventName) => damaged({ eventName })),
    fc
      .constantFrom('TRUNCATE', 'remove', 'UNKNOWN_TO_SDK_VERSION', '__proto__')
      .map((eventName) => damaged({ eventName })),
    noKey.map((key) => damaged({ Keys: { [partitionKey]: key } })),
    json.map((S) => damaged({ Keys: { [partitionKey]: { S: typeof S === 'string' ? '' : S } } })),
    fc.constantFrom<unknown>(null, 'web', [], {}, { S: 'web' }).map((Keys) => damaged({ Keys })),
    ...foreign.map((other) => fc.constant((sequenceNumber: string) => recordOf(other, sequenceNumber, 'unmarked'))),
  ];
  if (table === 'tasks' || table === 'attachments') return fc.oneof(...common);
  const noImage = fc.constantFrom<unknown>(null, undefined, 'web', 5, true);
  return fc.oneof(
    ...common,
    noImage.map((NewImage) => damaged({ eventName: 'INSERT', NewImage })),
    noImage.map((OldImage) => damaged({ eventName: 'REMOVE', OldImage })),
    noImage.map((NewImage) => damaged({ eventName: 'MODIFY', NewImage, OldImage: {} })),
  );
}

/** Records without a sequence number that could be answered. */
export const namelessRecord: fc.Arbitrary<unknown> = fc.oneof(
  json.filter((value) => typeof (value as { dynamodb?: unknown } | null)?.dynamodb !== 'object'),
  fc
    .oneof(
      json.filter((value) => typeof value !== 'string'),
      fc.constantFrom('', '-1', '1e3', '0x1', ' 1', '1'.repeat(41), '__proto__', '１'),
    )
    .map((sequenceNumber) => recordOf('services', sequenceNumber, 'unmarked')),
);
