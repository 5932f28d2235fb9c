import { describe, expect, it } from 'vitest';
import { ANY_TABLE, needsOf } from '../../lib/local/iam/requests.ts';

const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/T';
const STREAM = `${ARN}/stream/2026-01-01T00:00:00.000`;

/** As `action on resource`, with the enclosing operation where there is one. */
function told(operation: string, body: Record<string, unknown>, service: 'DynamoDB' | 'DynamoDBStreams' = 'DynamoDB') {
  return needsOf({ service, operation, body }).map(({ action, resource, enclosing }) =>
    [action.replace('dynamodb:', ''), resource.replace(ARN, 'T'), ...(enclosing === undefined ? [] : [enclosing])].join(
      ' ',
    ),
  );
}

describe('what IAM sees', () => {
  it('of a single request is its own action, on the table or the index', () => {
    expect(told('DeleteItem', { TableName: 'T', Key: {} })).toEqual(['DeleteItem T']);
    expect(told('Scan', { TableName: 'T', IndexName: 'marked' })).toEqual(['Scan T/index/marked']);
    expect(told('Query', { TableName: ARN })).toEqual(['Query T']);
    expect(told('DeleteTable', { TableName: 'T' })).toEqual(['DeleteTable T']);
    expect(told('DeleteResourcePolicy', { ResourceArn: ARN })).toEqual(['DeleteResourcePolicy T']);
  });

  it('of a transaction are its parts’ actions, enclosed', () => {
    const TransactItems = [
      { ConditionCheck: { TableName: 'T' } },
      { Put: { TableName: 'U' } },
      { Update: { TableName: 'T' } },
      { Delete: { TableName: 'T' } },
    ];
    expect(told('TransactWriteItems', { TransactItems })).toEqual([
      'ConditionCheckItem T TransactWriteItems',
      `PutItem ${ARN.replace(/T$/, 'U')} TransactWriteItems`,
      'UpdateItem T TransactWriteItems',
      'DeleteItem T TransactWriteItems',
    ]);
    expect(told('TransactGetItems', { TransactItems: [{ Get: { TableName: 'T' } }] })).toEqual([
      'GetItem T TransactGetItems',
    ]);
  });

  it('of a batch is the batch, once for each table, whatever it does there', () => {
    const RequestItems = { T: [{ PutRequest: {} }, { DeleteRequest: {} }] };
    expect(told('BatchWriteItem', { RequestItems })).toEqual(['BatchWriteItem T']);
    expect(told('BatchGetItem', { RequestItems: { T: {} } })).toEqual(['BatchGetItem T']);
  });

  it.each([
    ['SELECT * FROM "T" WHERE id = \'a\'', 'PartiQLSelect T'],
    ['select id from T', 'PartiQLSelect T'],
    ['SELECT * FROM "T"."marked"', 'PartiQLSelect T/index/marked'],
    ['EXISTS(SELECT * FROM "T" WHERE id = \'a\')', 'PartiQLSelect T'],
    ["INSERT INTO \"T\" VALUE {'id': 'a'}", 'PartiQLInsert T'],
    ['UPDATE "T" SET x = \'FROM "U"\' WHERE id = \'a\'', 'PartiQLUpdate T'],
    ['  delete\n from "T" where id = \'a\'', 'PartiQLDelete T'],
  ])('of the statement %s is %s', (Statement, need) => {
    expect(told('ExecuteStatement', { Statement })).toEqual([need]);
    expect(told('BatchExecuteStatement', { Statements: [{ Statement }] })).toEqual([need]);
    expect(told('ExecuteTransaction', { TransactStatements: [{ Statement }] })).toEqual([`${need} ExecuteTransaction`]);
  });

  it.each(['', 'DROP TABLE "T"', 'DELETE', '/**/ DELETE FROM "T"'])(
    'of what can’t be read, %j, is a delete anywhere',
    (Statement) => {
      expect(told('ExecuteStatement', { Statement })).toEqual([`PartiQLDelete ${ANY_TABLE}`]);
    },
  );

  it('of a stream is the stream', () => {
    const stream = (operation: string, body: Record<string, unknown>) => told(operation, body, 'DynamoDBStreams');
    expect(stream('GetShardIterator', { StreamArn: STREAM })).toEqual([`GetShardIterator ${STREAM.replace(ARN, 'T')}`]);
    expect(stream('GetRecords', { ShardIterator: `000|${STREAM}|x` })).toEqual([
      `GetRecords ${STREAM.replace(ARN, 'T')}`,
    ]);
    expect(stream('ListStreams', { TableName: 'T' })).toEqual(['ListStreams T/stream/*']);
  });

  it.each([[{}], [{ TransactItems: 'x' }], [{ TransactItems: [null, 1, { Delete: 1 }] }]])(
    'of a body like %j is nothing',
    (body) => {
      expect(told('TransactWriteItems', body)).toEqual([]);
      expect(told('BatchWriteItem', body)).toEqual([]);
      expect(told('BatchWriteItem', null as never)).toEqual([]);
    },
  );
});
