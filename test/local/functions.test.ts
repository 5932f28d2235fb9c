import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { idsOf, useLocalClouds } from './fixture.ts';

const start = useLocalClouds();

/** Prints a line when it has begun, and stays until it is killed. */
const HANGS_ON_HANG = `
  exports.handler = async (event) => {
    if (event.Records?.[0].dynamodb.NewImage.hang === undefined) return null;
    console.log('begun ' + process.pid);
    await new Promise(() => setInterval(() => {}, 1000));
  };`;

/** For conditions without an event to wait for. Vitest's own timeout is the limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('function', () => {
  it("gets the template's environment, Lambda's variables, and nothing of ours", async () => {
    process.env.LOCAL_CLOUD_SECRET = 'leaks';
    const { cloud, marks } = await start({ handler: 'exports.handler = async () => process.env;' });
    const { payload } = await cloud.invoke('Worker', {});
    expect(payload).toMatchObject({
      MARKS_TABLE: marks,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'Worker',
      AWS_ENDPOINT_URL_DYNAMODB: cloud.endpoint,
      AWS_LAMBDA_FUNCTION_NAME: 'Fixture-Worker',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      TZ: 'UTC',
    });
    expect(payload).not.toHaveProperty('LOCAL_CLOUD_SECRET');
    expect(payload).not.toHaveProperty('HOME');
  });

  it('gets a context with the time that is left', async () => {
    const { cloud } = await start({
      handler: `exports.handler = async (event, context) => ({
        left: context.getRemainingTimeInMillis(), id: context.awsRequestId, arn: context.invokedFunctionArn, event });`,
    });
    const { payload, requestId } = await cloud.invoke('Worker', { date: new Date(0) });
    expect(payload).toEqual({
      left: expect.any(Number),
      id: requestId,
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:Fixture-Worker',
      event: { date: '1970-01-01T00:00:00.000Z' },
    });
    expect((payload as { left: number }).left).toBeLessThanOrEqual(20_000);
  });

  it('keeps its process between invocations, and its log lines apart by request', async () => {
    const { cloud, logs } = await start({
      handler: 'let n = 0; exports.handler = async () => { n += 1; console.log("call " + n); return n; };',
    });
    const first = await cloud.invoke('Worker', {});
    const second = await cloud.invoke('Worker', {});
    expect([first.payload, second.payload]).toEqual([1, 2]);
    await until(() => logs.length === 2);
    expect(logs[0]).toMatchObject({ source: 'Fixture-Worker', line: 'call 1', stream: 'stdout' });
  });

  it.each([
    ['throws', 'throw new TypeError("no")', 'TypeError', 'no'],
    ['exits', 'process.exit(3)', 'Runtime.ExitError', 'exit status 3'],
    [
      'leaves a rejection behind',
      'Promise.reject(new Error("x")); await new Promise(() => {});',
      'Runtime.ExitError',
      '',
    ],
    [
      'times out',
      'await new Promise(() => setInterval(() => {}, 9))',
      'Sandbox.Timedout',
      'timed out after 1.00 seconds',
    ],
  ])('that %s fails this invocation only', async (_name, code, errorType, message) => {
    const { cloud } = await start({
      handler: `exports.handler = async (event) => { if (event.bad) { ${code}; } return 'well'; };`,
      functionProperties: { Timeout: 1 },
    });
    const { error } = await cloud.invoke('Worker', { bad: true });
    expect(error).toMatchObject({ errorType, errorMessage: expect.stringContaining(message) });
    expect((await cloud.invoke('Worker', {})).payload).toBe('well');
  });

  it('keeps a log line whole, whatever stands in it but its end', async () => {
    const { cloud, logs } = await start({
      handler: `exports.handler = async () => process.stdout.write('a\\u2028b\\u2029c\\rd\\ne');`,
    });
    await cloud.invoke('Worker', {});
    await cloud.stop();
    const lines = logs.filter(({ source }) => source !== 'local').map(({ line }) => line);
    expect(lines).toEqual(['a\u2028b\u2029c\rd', 'e']);
  });

  it('that does not load fails, and says why', async () => {
    const { cloud } = await start({ handler: 'require("not-there");' });
    const { error } = await cloud.invoke('Worker', {});
    expect(error?.errorMessage).toContain("Cannot find module 'not-there'");
  });

  it('runs in as many processes as there are invocations at a time', async () => {
    const handler =
      'exports.handler = async () => { await new Promise((r) => setTimeout(r, 100)); return process.pid; };';
    const { cloud } = await start({ handler });
    const results = await Promise.all([1, 2, 3].map(() => cloud.invoke('Worker', {})));
    expect(new Set(results.map(({ payload }) => payload)).size).toBe(3);
  });

  it('runs in one process when it reserves one', async () => {
    const handler =
      'exports.handler = async () => { await new Promise((r) => setTimeout(r, 20)); return process.pid; };';
    const { cloud } = await start({ handler, functionProperties: { ReservedConcurrentExecutions: 1 } });
    const results = await Promise.all([1, 2, 3].map(() => cloud.invoke('Worker', {})));
    expect(new Set(results.map(({ payload }) => payload)).size).toBe(1);
  });

  it('killed in the middle of a batch gets the batch again', async () => {
    const fixture = await start({
      handler: `const fs = require('fs');
        exports.handler = async (event) => {
          if (fs.existsSync(__dirname + '/hung')) return null;
          fs.writeFileSync(__dirname + '/hung', '');
          console.log('begun');
          await new Promise(() => setInterval(() => {}, 1000));
        };`,
    });
    await fixture.put('a');
    await until(() => fixture.logs.some(({ line }) => line === 'begun'));
    expect(fixture.cloud.killFunctions('Worker')).toBe(1);
    await fixture.cloud.quiesce();
    expect(idsOf(fixture.deliveries)).toEqual([['a'], ['a']]);
    expect(fixture.deliveries[0]?.error?.errorMessage).toContain('signal: SIGKILL');
    expect(fixture.deliveries[1]?.result).toBe('succeeded');
  });

  it('times out after the time that the caller sets, in place of the template’s', async () => {
    const { cloud } = await start({ handler: HANGS_ON_HANG }, { timeoutMillis: () => 300 });
    const { error } = await cloud.invoke('Worker', { Records: [{ dynamodb: { NewImage: { hang: true } } }] });
    expect(error).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringContaining('0.30 seconds'),
    });
    expect(cloud.functions()).toEqual({ Worker: [] });
  });

  it('that timed out may be left running: it finishes late, quiesce waits for it, and it is not invoked again', async () => {
    const handler = `
      exports.handler = async (event) => {
        if (event.slow) await new Promise((resolve) => setTimeout(resolve, 600));
        console.log((event.slow ? 'slow ' : 'fast ') + process.pid);
      };`;
    const { cloud, logs } = await start(
      { handler },
      { timeoutMillis: (id) => (id === 'Worker' ? 300 : 1), keepTimedOut: true },
    );
    const { error } = await cloud.invoke('Worker', { slow: true });
    expect(error?.errorType).toBe('Sandbox.Timedout');
    await cloud.invoke('Worker', {});
    await cloud.quiesce();
    await until(() => logs.length === 2);
    const [slow, fast] = ['slow', 'fast'].map(
      (name) => logs.find(({ line }) => line.startsWith(name))?.line.split(' ')[1],
    );
    expect(slow).not.toBe(fast);
    expect(cloud.functions()).toEqual({ Worker: [Number(fast)] });
  });

  it('is ended by stop, even in the middle of an invocation', async () => {
    const fixture = await start({ handler: HANGS_ON_HANG });
    await fixture.put('a', '-', { hang: { BOOL: true } });
    await until(() => fixture.logs.some(({ line }) => line.startsWith('begun')));
    const pid = Number(fixture.logs.find(({ line }) => line.startsWith('begun'))?.line.split(' ')[1]);
    expect(isAlive(pid)).toBe(true);
    await fixture.cloud.stop();
    expect(isAlive(pid)).toBe(false);
  });
});

describe('rules and asynchronous events', () => {
  const rule = (properties: Record<string, unknown>, config: Record<string, unknown> = {}) => ({
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ...properties,
        Targets: [{ Arn: { 'Fn::GetAtt': ['Worker', 'Arn'] }, Id: 'T', Input: '{"why":"rule"}' }],
      },
    },
    Config: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Worker' },
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
        ...config,
      },
    },
  });
  const deployment = {
    EventPattern: {
      source: ['aws.cloudformation'],
      detail: { 'stack-id': [{ Ref: 'AWS::StackId' }], 'status-details': { status: ['CREATE_COMPLETE'] } },
    },
  };
  const PRINTS = 'exports.handler = async (event) => console.log(JSON.stringify(event));';

  it('tells the function once that the stack is deployed', async () => {
    const { cloud, logs } = await start({ handler: PRINTS, resources: rule(deployment) });
    await cloud.quiesce();
    await until(() => logs.length > 0);
    expect(logs.map(({ line }) => line)).toEqual(['{"why":"rule"}']);
  });

  it('fires at its rate', async () => {
    const resources = rule({ ScheduleExpression: 'rate(1 minute)' });
    const { logs } = await start({ handler: PRINTS, resources }, { clockRate: 1200 });
    await until(() => logs.length >= 2);
  });

  it('fires nothing when schedules are off', async () => {
    const { cloud } = await start({ handler: PRINTS, resources: rule(deployment) }, { schedules: false });
    await cloud.quiesce();
    expect(cloud.functions()).toEqual({ Worker: [] });
  });

  it('retries an asynchronous event, then gives it to the queue', async () => {
    const { cloud, logs } = await start(
      { handler: 'exports.handler = async () => { console.log("try"); throw new Error("no"); };', resources: rule({}) },
      { clockRate: 1000 },
    );
    cloud.invokeAsync('Worker', { n: 1 });
    await cloud.quiesce();
    await until(() => logs.length === 2);
    expect(cloud.deadLetters()).toMatchObject([
      {
        queue: 'Failures',
        body: {
          requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 2 },
          requestPayload: { n: 1 },
          responsePayload: { errorType: 'Error', errorMessage: 'no' },
        },
      },
    ]);
  });
});
