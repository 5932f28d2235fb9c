import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { type FixtureCloud, type FixtureStack, useLocalClouds } from './fixture.ts';

const start = useLocalClouds();
const clients: LambdaClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

const ECHOES = 'exports.handler = async (event) => ({ event });';
const NAME = 'Fixture-Worker';
const ARN = `arn:aws:lambda:us-east-1:000000000000:function:${NAME}`;

async function startWithClient(stack: FixtureStack) {
  const fixture = await start(stack);
  const { endpoint, region, accessKeyId, secretAccessKey } = fixture.cloud;
  const client = new LambdaClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
  clients.push(client);
  const invoke = async (input: Partial<InvokeCommandInput> = {}) => {
    const answer = await client.send(new InvokeCommand({ FunctionName: NAME, ...input }));
    return { ...answer, payload: answer.Payload?.transformToString() ?? '' };
  };
  return { ...fixture, invoke };
}

/** An asynchronous invocation is done when the cloud is quiet and its line has arrived. */
async function lineOf(fixture: FixtureCloud): Promise<string> {
  await fixture.cloud.quiesce();
  await expect.poll(() => fixture.logs.length).toBe(1);
  return fixture.logs[0]?.line ?? '';
}

describe('Lambda Invoke', () => {
  it.each([NAME, ARN, `${ARN}:$LATEST`, `000000000000:function:${NAME}`])('answers for %s', async (FunctionName) => {
    const { invoke, cloud } = await startWithClient({ handler: ECHOES });
    cloud.meter.start();
    const answer = await invoke({ FunctionName, InvocationType: 'RequestResponse', Payload: '{"näme":"ü"}' });
    expect(JSON.parse(answer.payload)).toEqual({ event: { näme: 'ü' } });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(answer.FunctionError).toBeUndefined();
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const { requests, invocations } = cloud.meter.stop();
    expect({ requests, invocations }).toEqual({ requests: {}, invocations: { Worker: 1 } });
  });

  it('gives the end of the log, if it is asked for it', async () => {
    const { invoke } = await startWithClient({
      handler: 'exports.handler = async () => { process.stdout.write("said\\n"); };',
    });
    const { LogResult = '' } = await invoke({ LogType: 'Tail' });
    expect(Buffer.from(LogResult, 'base64').toString()).toBe('said\n');
    expect((await invoke()).LogResult).toBeUndefined();
  });

  it('gives an event that is not there as {}, and an answer that is not there as null', async () => {
    const { invoke } = await startWithClient({
      handler: 'exports.handler = async (event) => { if (JSON.stringify(event) !== "{}") throw new Error("other"); };',
    });
    expect((await invoke()).payload).toBe('null');
  });

  it('shows a function’s error as Lambda does: in a success', async () => {
    const { invoke } = await startWithClient({
      handler: 'exports.handler = async () => { throw new RangeError("no"); };',
    });
    const answer = await invoke();
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(answer.payload)).toMatchObject({ errorType: 'RangeError', errorMessage: 'no' });
  });

  it('takes an event, and carries it out later', async () => {
    const fixture = await startWithClient({ handler: 'exports.handler = async ({ say }) => console.log(say);' });
    const answer = await fixture.invoke({ InvocationType: 'Event', Payload: '{"say":"done"}' });
    expect(answer).toMatchObject({ StatusCode: 202, payload: '' });
    expect(await lineOf(fixture)).toBe('done');
  });

  it('sends an event that was given up to the function’s dead-letter queue', async () => {
    const { invoke, cloud } = await startWithClient({
      handler: 'exports.handler = async () => { throw new Error("no"); };',
      functionProperties: { DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
      resources: {
        Config: {
          Type: 'AWS::Lambda::EventInvokeConfig',
          Properties: { FunctionName: { Ref: 'Worker' }, Qualifier: '$LATEST', MaximumRetryAttempts: 0 },
        },
      },
    });
    await invoke({ InvocationType: 'Event', Payload: '{"n":1}' });
    await cloud.quiesce();
    expect(cloud.deadLetters()).toMatchObject([{ body: { n: 1 }, messageAttributes: { ErrorMessage: 'no' } }]);
  });

  const bigPayload = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));
  it.each<[string, Partial<InvokeCommandInput>, string, number]>([
    ['a function that is not there', { FunctionName: 'Other' }, 'ResourceNotFoundException', 404],
    ['a logical id, which is no name', { FunctionName: 'Worker' }, 'ResourceNotFoundException', 404],
    ['a version that is not there', { Qualifier: '7' }, 'ResourceNotFoundException', 404],
    ['a payload that is no JSON', { Payload: '{' }, 'InvalidRequestContentException', 400],
    ['a payload above 6 MB', { Payload: bigPayload(6 * 1024 * 1024 + 1) }, 'RequestTooLargeException', 413],
    [
      'an event above 1 MB',
      { InvocationType: 'Event', Payload: bigPayload(1024 * 1024 + 1) },
      'RequestTooLargeException',
      413,
    ],
    ['an invocation of no known type', { InvocationType: 'Maybe' as never }, 'InvalidParameterValueException', 400],
    ['an unknown part of the log', { LogType: 'All' as never }, 'InvalidParameterValueException', 400],
    ['a client context', { ClientContext: 'e30=' }, 'InvalidParameterValueException', 400],
  ])('refuses %s', async (_name, input, name, httpStatusCode) => {
    const { invoke, cloud } = await startWithClient({ handler: ECHOES });
    await expect(invoke(input)).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    await cloud.quiesce();
    expect(cloud.functions()).toEqual({ Worker: [] });
  });

  it('takes a payload of 6 MB', async () => {
    const { invoke } = await startWithClient({ handler: 'exports.handler = async (event) => event.length;' });
    const Payload = bigPayload(6 * 1024 * 1024);
    expect((await invoke({ Payload })).payload).toBe(String(Payload.length - 2));
  });
});
