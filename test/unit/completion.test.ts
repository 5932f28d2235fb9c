/** What could come next: how the tables are asked for it, and what is offered. */

import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { listMarkedIds } from '../../lib/dynamodb/listings.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';
import { mockedRequests } from '../support/sdk-mock.ts';

it('asks the index of marks for ids by their beginning, page by page', async () => {
  const { mock, open, inputs } = mockedRequests();
  mock
    .on(ScanCommand)
    .resolvesOnce({ Items: [], LastEvaluatedKey: marshall({ id: 'm' }) })
    .resolves({ Items: [marshall({ id: 'web-1' })] });
  const database = open(PHYSICAL_NAMES);
  const first = await listMarkedIds(database, 'service', 'web', undefined);
  expect(first).toEqual({ items: [], next: { id: 'm' } });
  expect(await listMarkedIds(database, 'service', 'web', first.next)).toEqual({ items: ['web-1'], next: undefined });
  await listMarkedIds(database, 'network', '', undefined);
  const [whole, next, all] = inputs();
  expect(whole).toMatchObject({ FilterExpression: 'begins_with(#id, :prefix)', ProjectionExpression: '#id' });
  expect(whole).toHaveProperty('IndexName');
  expect(next).toMatchObject({ ExclusiveStartKey: { id: { S: 'm' } } });
  // DynamoDB refuses an empty text in an expression.
  expect(all).not.toHaveProperty('FilterExpression');
});

describe('completion', () => {
  const WEB = 'tb82c7xmtuk3klo61sb4xsz8c';
  const API = 'tb9vkec1xmtuk3klo61sb4xsz';

  async function swarm() {
    const { client, cli } = memoryCommandLine();
    await client.createService({ id: WEB, spec: { annotations: { name: 'shop_web' } } });
    await client.createService({ id: API, spec: { name: 'shop_api' } });
    for (const id of ['a:b=c', 'a:x', '店', 'odd $(reboot)']) await client.createService({ id });
    await client.createNetwork({ id: 'front', spec: { annotations: { name: 'shop front' } } });
    for (const id of [API, 'a:x']) {
      await client.createTask(id, { id: '1' });
      await client.removeService(id);
    }
    return async (shell: string, ...words: string[]) => {
      const { status, stdout } = await cli(['completion', shell, '--', ...words]);
      return status === 0 ? stdout.split('\n').slice(0, -1) : status;
    };
  }

  it.each<[readonly string[], readonly string[] | number]>([
    [['de'], ['describe']],
    [['del'], ['delete']],
    [
      ['rm', ''],
      ['service', 'network'],
    ],
    [['rm', 's'], ['service']],
    [['rm', 'services'], ['services']],
    [['rm', 'sv'], ['svc']],
    [['ls', 'n'], ['network']],
    [['ls', 'services', ''], []],
    // By name where that begins so, by id where only the id does.
    [
      ['rm', 'service', 'shop_'],
      ['shop_api', 'shop_web'],
    ],
    [
      ['rm', 'svc', 'tb'],
      [WEB, API],
    ],
    [
      ['rm', 'services', ''],
      ['a:b=c', 'a:x', 'shop_api', 'shop_web', '店'],
    ],
    [['delete', 'service', 'shop_web', 'shop_'], ['shop_api']],
    [
      ['undelete', 'service', ''],
      ['a:x', 'shop_api'],
    ],
    [['undelete', 'service', 'tb'], [API]],
    [['explain', 'service/shop_w'], ['service/shop_web']],
    [
      ['rm', 'svc/shop_web', 'svc#shop_'],
      ['svc#shop_api', 'svc#shop_web'],
    ],
    [['history', 'net/'], ['net/front']],
    [['rm', 'task/'], []],
    // The value of an option is left to the shell.
    [['rm', '--config', ''], 2],
  ])('offers for %j: %j', async (words, offered) => {
    const complete = await swarm();
    expect(await complete('zsh', ...words)).toEqual(offered);
    expect(await complete('fish', ...words)).toEqual(offered);
  });

  it('gives bash only what belongs to the piece that is typed', async () => {
    const complete = await swarm();
    expect(await complete('bash', 'rm', 'service', 'a', ':', 'b', '=')).toEqual(['c']);
    expect(await complete('bash', 'rm', 'service/a', ':')).toEqual(['b=c', 'x']);
  });

  it('offers at most 100', async () => {
    const { client, cli } = memoryCommandLine({ pageItemsMax: 1000 });
    for (let n = 0; n < 130; n++) await client.createService({ id: `many-${n}` });
    const { stdout } = await cli(['completion', 'fish', '--', 'rm', 'service', 'many']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(100);
  });
});
