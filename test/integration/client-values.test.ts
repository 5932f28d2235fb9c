/** Values that come back as they were given, and those that DynamoDB can not hold. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { caught, client, db, expectRefusal, ids, raw, useClient } from './client-on-engine.ts';

useClient();

describe('numbers that JavaScript has no room for', () => {
  const big = '9007199254740993';
  const rawSpec = async () => {
    const { Item } = await db.send(
      new GetItemCommand({ TableName: PHYSICAL_NAMES.services, Key: { id: { S: 'web' } } }),
    );
    return Item?.spec?.M;
  };
  const putSpec = (spec: Record<string, unknown>) =>
    db.send(
      new PutItemCommand({
        TableName: PHYSICAL_NAMES.services,
        Item: { id: { S: 'web' }, spec: { M: spec as never } },
      }),
    );

  it('are written as they are given', async () => {
    await client.createService({ id: 'web', spec: { big: NumberValue.from(big), alsoBig: 9007199254740993n } });
    expect(await rawSpec()).toEqual({ big: { N: big }, alsoBig: { N: big } });
    expect(String((await client.getService('web')).spec?.big)).toBe(big);
  });

  it.each<[string, object]>([
    ['a number', { N: big }],
    ['a number in a list', { L: [{ N: '1' }, { M: { deep: { N: big } } }] }],
    ['a number with a long fraction', { N: '0.1234567890123456789' }],
    ['a set of numbers', { NS: [big, '9007199254740995'] }],
  ])('survive an update of another field: %s', async (_, value) => {
    await putSpec({ keep: value, replicas: { N: '1' } });
    await client.updateService('web', (spec) => ({ ...spec, replicas: 2 }));
    const after = await rawSpec();
    expect(after?.replicas).toEqual({ N: '2' });
    if ('NS' in value) expect(new Set(after?.keep?.NS)).toEqual(new Set(value.NS as string[]));
    else expect(after?.keep).toEqual(value);
  });

  // The SDK's translation, there and back, keeps none of these: better no update than a lossy one.
  it.each<[string, object]>([
    ['an attribute called constructor', { M: { constructor: { S: 'x' } } }],
    ['an attribute called __proto__', { M: { ['__proto__']: { S: 'x' } } }],
    ['a set of small and of large numbers', { NS: ['1', big] }],
  ])('and what else the SDK loses on the way are never lost: the update is refused with %s', async (_, value) => {
    await putSpec({ keep: value, replicas: { N: '1' } });
    const before = await rawSpec();
    const error = await caught(client.updateService('web', (spec) => ({ ...spec, replicas: 2 })));
    expect(error).toMatchObject({ code: 'FailedPrecondition', message: expect.stringContaining('was not updated') });
    expect(JSON.stringify(await rawSpec())).toBe(JSON.stringify(before));
  });

  it('are refused as JavaScript numbers, rather than rounded', async () => {
    await expectRefusal(
      () => client.createService({ id: 'web', spec: { big: 2 ** 60 } }),
      'InvalidArgument',
      'greater than Number.MAX_SAFE_INTEGER',
    );
  });
});

describe('what DynamoDB can not hold', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a date', new Date(0)],
    [
      'an instance of a class',
      new (class Point {
        x = 1;
      })(),
    ],
    ['a symbol', Symbol('x')],
    ['an empty set', new Set()],
    ['a set of mixed kinds', new Set([1, 'a'])],
    ['a number out of range', NumberValue.from('1e200')],
    ['too many levels', JSON.parse('['.repeat(40) + ']'.repeat(40))],
    ['an attribute without a name', { '': 1 }],
    ['itself', circular],
    ['more than 400 KB', 'x'.repeat(410_000)],
  ])('is refused and named: %s', async (_, value) => {
    await client.createService({ id: 'web', spec: { x: 1 } });
    await expectRefusal(() => client.createService({ id: 'new', value }), 'InvalidArgument', 'TransactWriteItems was');
    await expectRefusal(() => client.createTask('web', { id: 't1', value }), 'InvalidArgument');
    await expectRefusal(() => client.updateService('web', () => ({ value })), 'InvalidArgument');
  });

  it('is left out where it is undefined', async () => {
    await client.createService({ id: 'web', nothing: undefined, spec: { nothing: undefined, list: [undefined, 1] } });
    expect(await raw.get('services', { id: 'web' })).toEqual({ id: 'web', spec: { list: [1] } });
  });

  it('does not include empty texts, lists, maps and null', async () => {
    const item = { id: 'web', text: '', list: [], map: {}, nothing: null, spec: {} };
    await client.createService(item);
    expect(await client.getService('web')).toEqual(item);
  });

  it('is refused as one transaction of more than 4 MB, with what was done before', async () => {
    await client.createService({ id: 'web' });
    const tasks = ids(150, 't').map((id, n) => ({ id, value: n < 99 ? '' : 'x'.repeat(100_000) }));
    const error = await caught(client.createTasks('web', tasks));
    expect(error).toMatchObject({ code: 'InvalidArgument', done: ids(99, 't') });
    expect((await client.listTasks('web')).items).toHaveLength(99);
  });
});
