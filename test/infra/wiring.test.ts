/** How a user's own programs find a deployment: by the stack's outputs, and by what `connect` grants and sets. */

import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { Deallocator, DeallocatorStack } from '../../lib/infra/index.ts';
import { SWARMKIT, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { readConfig } from '../../lib/streams/configuration.ts';
import { readOutputs } from '../../lib/streams/deployment.ts';
import { forTables } from '../support/swarmkit.ts';
import { createWorld, permissions, tableNames } from './world.ts';

const functionIn = (stack: Stack) =>
  new LambdaFunction(stack, 'Api', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {};'),
  });

/** A template's outputs as CloudFormation would tell them, with a stand-in for each reference. */
function outputsOf(stack: Stack): Record<string, string> {
  const { Outputs = {} } = Template.fromStack(stack).toJSON() as { Outputs?: Record<string, { Value: unknown }> };
  return Object.fromEntries(Object.entries(Outputs).map(([name, { Value }]) => [name, textOf(Value)]));
}

/** `{ Ref: X }` becomes `X`, a join what it joins. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::Join': join } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
  if (join !== undefined) return join[1].map(textOf).join(join[0]);
  return Ref ?? JSON.stringify(value).replaceAll('"', "'");
}

describe('a stack of the user’s', () => {
  test('puts out what the tools need, behind the id of each deallocator', () => {
    const stack = new Stack(new App(), 'Shop');
    const orders = new Deallocator(stack, 'Orders', { gracePeriod: Duration.minutes(1) });
    new Deallocator(stack, 'Other-One', { metricsNamespace: 'Other' });
    const outputs = outputsOf(stack);
    expect(readOutputs('Shop/Orders', outputs)).toMatchObject({
      tables: forTables((table) => textOf(stack.resolve(orders.tableNames[table]))),
      sweepFunctionName: textOf(stack.resolve(orders.functions.sweep.functionName)),
      deadLetterQueueUrl: textOf(stack.resolve(orders.deadLetterQueue.queueUrl)),
      rules: { gracePeriodMillis: 60_000 },
    });
    expect(readOutputs('Shop/OtherOne', outputs).rules.gracePeriodMillis).toBe(0);
  });

  test.each([[Stack], [DeallocatorStack]] as const)('%o puts out nothing where that is chosen', (kind) => {
    const app = new App();
    const stack = kind === Stack ? new Stack(app, 'Quiet') : new DeallocatorStack(app, 'Quiet', { outputs: false });
    if (kind === Stack) new Deallocator(stack, 'Deallocator', { outputs: false });
    expect(outputsOf(stack)).toEqual({});
  });
});

describe('connect', () => {
  const variableOf = (stack: Stack, fn: LambdaFunction): string => {
    const [one] = Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function')).filter(
      ([id]) =>
        id ===
        stack.resolve(
          (fn.node.defaultChild as LambdaFunction['node']['defaultChild'] & { logicalId: string }).logicalId,
        ),
    );
    return textOf(one?.[1].Properties.Environment.Variables.DEALLOCATOR_CONFIG);
  };

  test.each(['write', 'read', 'operate'] as const)(
    'to %s grants exactly that, and tells it the deployment',
    (access) => {
      const world = createWorld({ taskNetworks: true });
      const { stack, deallocator } = world;
      const [connected, granted] = [
        functionIn(stack),
        new LambdaFunction(stack, 'Granted', {
          runtime: Runtime.NODEJS_24_X,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = async () => {};'),
        }),
      ];
      deallocator.connect(connected, access).assertSuccess();
      const grants = { read: 'grantRead', write: 'grantWrite', operate: 'grantOperate' } as const;
      deallocator[grants[access]](granted);
      const allowed = (fn: LambdaFunction) => permissions(world.statementsOf(fn.role as NonNullable<typeof fn.role>));
      expect(allowed(connected)).toEqual(allowed(granted));
      const { names, lifecycle } = readConfig('variable', variableOf(stack, connected));
      expect(names.tables).toEqual(
        Object.fromEntries(tableNames.map((table) => [table, stack.resolve(deallocator.tableNames[table]).Ref])),
      );
      expect(lifecycle).toEqual(swarmkit({ taskNetworks: true }));
      expect(names.sweepFunctionName === undefined).toBe(access !== 'operate');
      expect(names.deadLetterQueueUrl === undefined).toBe(access !== 'operate');
    },
  );

  test.each([
    ['SwarmKit’s kinds without a choice', {}],
    ['the same, declared', { lifecycle: SWARMKIT }],
    ['kinds of one’s own, which the program declares', { lifecycle: IDEAS }],
  ])('does not tell %s', (_, props) => {
    const stack = new Stack(new App(), 'Shop');
    const fn = functionIn(stack);
    new Deallocator(stack, 'Deallocator', props).connect(fn);
    expect(variableOf(stack, fn)).not.toContain('lifecycle');
  });

  test('tells the kinds without a dollar: a checker of templates would take a part in its braces for a reference', () => {
    const { stack, deallocator } = createWorld({ taskIsGone: 'terminal' });
    const fn = functionIn(stack);
    deallocator.connect(fn);
    expect(variableOf(stack, fn)).toContain('lifecycle');
    expect(variableOf(stack, fn)).not.toContain('$');
  });

  test('is by default to write', () => {
    const { stack, deallocator } = createWorld();
    const fn = functionIn(stack);
    deallocator.connect(fn);
    expect(stack.resolve(deallocator.environmentFor())).toEqual(stack.resolve(deallocator.environmentFor('write')));
    expect(JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'))).toContain('dynamodb:PutItem');
  });

  test('reaches a function in another stack of the app', () => {
    const app = new App();
    const { deallocator } = new DeallocatorStack(app, 'Deallocator');
    const api = new Stack(app, 'Api');
    const fn = functionIn(api);
    deallocator.connect(fn);
    expect(variableOf(api, fn)).toMatch(
      /^\{"tables":\{"services":"\{'Fn::ImportValue':'Deallocator:ExportsOutput\w+'\}"/,
    );
  });
});
