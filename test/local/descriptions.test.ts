/** What Lambda and EventBridge tell of a deployment: as its template has it. */

import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeRuleCommand, EventBridgeClient, ListRuleNamesByTargetCommand } from '@aws-sdk/client-eventbridge';
import {
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectRaw } from '../support/dynamodb.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

let backend: LocalBackend;
let lambda: LambdaClient;
let events: EventBridgeClient;
beforeAll(async () => {
  backend = await localBackend();
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
  lambda = new LambdaClient(connection);
  events = new EventBridgeClient(connection);
});
afterAll(async () => {
  lambda.destroy();
  events.destroy();
  await backend.close();
});

it('a stream’s mappings are found by its ARN', async () => {
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  const { Table } = await db.send(new DescribeTableCommand({ TableName: backend.tables.tasks }));
  db.destroy();
  const ask = async (EventSourceArn = '') => {
    const answer = await lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn }));
    return answer.EventSourceMappings ?? [];
  };
  expect(await ask('arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/1')).toEqual([]);
  const [mapping, ...others] = await ask(Table?.LatestStreamArn);
  expect(others).toEqual([]);
  expect(mapping).toMatchObject({ State: 'Enabled', BatchSize: 4000, BisectBatchOnFunctionError: true });
  const found = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: mapping?.FunctionArn }));
  expect(found).toMatchObject({ State: 'Active', Role: expect.stringMatching(/^arn:aws:iam::\d+:role\//) });
  expect(found.Environment?.Variables).toMatchObject({ DEALLOCATOR_FUNCTION: 'task-deleted' });
});

it('a function that is not there is not found', async () => {
  const asked = { FunctionName: 'nobody' };
  const expected = { name: 'ResourceNotFoundException' };
  await expect(lambda.send(new GetFunctionConfigurationCommand(asked))).rejects.toMatchObject(expected);
  await expect(lambda.send(new GetFunctionConcurrencyCommand(asked))).rejects.toMatchObject(expected);
});

it('the rules that start a function tell whether they are on', async () => {
  const FunctionName = backend.cloud.outputs.SweepFunctionName;
  const { FunctionArn: TargetArn } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const { RuleNames = [] } = await events.send(new ListRuleNamesByTargetCommand({ TargetArn }));
  const rules = await Promise.all(RuleNames.map((Name) => events.send(new DescribeRuleCommand({ Name }))));
  expect(rules.map(({ State, ScheduleExpression }) => [State, ScheduleExpression])).toContainEqual([
    'ENABLED',
    'rate(15 minutes)',
  ]);
  expect(rules).toHaveLength(2);
  const unknown = events.send(new DescribeRuleCommand({ Name: 'nobody' }));
  await expect(unknown).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
