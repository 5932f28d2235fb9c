import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { afterEach, describe, expect, test } from 'vitest';
import { bundleFunctions } from '../../lib/infra/bundle.ts';
import { SWARMKIT, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { createWorld, functionNames, root, type tableNames } from './world.ts';

const world = createWorld();
const lambda = (name: (typeof functionNames)[number], from = world) =>
  from.propertiesOf(from.deallocator.functions[name]);

describe('functions', () => {
  test('there are five', () => {
    world.template.resourceCountIs('AWS::Lambda::Function', 5);
  });

  test.each(functionNames)('%s runs on Node 24 and arm64, with its own log group, time and memory', (name) => {
    const properties = lambda(name);
    expect(properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1769,
      Timeout: name === 'sweep' ? 900 : 60,
      LoggingConfig: { LogFormat: 'Text' },
    });
    expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect([undefined, { Mode: 'PassThrough' }]).toContainEqual(properties.TracingConfig);

    const { logGroup } = world.deallocator.functions[name];
    expect((properties.LoggingConfig as { LogGroup: unknown }).LogGroup).toEqual(
      world.stack.resolve(logGroup.logGroupName),
    );
    expect(world.resourceOf(logGroup)).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { RetentionInDays: 90 },
    });
  });

  test.each(functionNames)('%s finds its tables, its namespace and its name in the environment', (name) => {
    const tableName = (table: (typeof tableNames)[number]) =>
      world.stack.resolve(world.deallocator.tables[table].tableName);
    expect(lambda(name).Environment).toEqual({
      Variables: {
        SERVICES_TABLE: tableName('services'),
        TASKS_TABLE: tableName('tasks'),
        NETWORKS_TABLE: tableName('networks'),
        ATTACHMENTS_TABLE: tableName('attachments'),
        COUNTERS_TABLE: tableName('counters'),
        RECEIPTS_TABLE: tableName('receipts'),
        LIFECYCLE: JSON.stringify(SWARMKIT).replaceAll('$', '\\u0024'),
        GRACE_PERIOD_SECONDS: '0',
        RECEIPT_DAYS: '90',
        METRICS_NAMESPACE: 'Deallocator/World/Deallocator',
        LOG_LEVEL: 'INFO',
        DEALLOCATOR_FUNCTION: name,
      },
    });
  });

  test('what is chosen comes to every function', () => {
    const chosen = createWorld({
      taskIsGone: 'terminal',
      gracePeriod: Duration.hours(2),
      stopTasks: true,
      taskNetworks: true,
      receiptRetention: Duration.days(7),
    });
    for (const name of functionNames) {
      expect(chosen.propertiesOf(chosen.deallocator.functions[name]).Environment).toMatchObject({
        Variables: {
          GRACE_PERIOD_SECONDS: '7200',
          LIFECYCLE: JSON.stringify(
            swarmkit({ taskIsGone: 'terminal', stopTasks: true, taskNetworks: true }),
          ).replaceAll('$', '\\u0024'),
          RECEIPT_DAYS: '7',
        },
      });
    }
  });

  test('no function but the five is needed to deploy or to run', () => {
    const types = Object.values(world.template.toJSON().Resources).map(
      (resource) => (resource as { Type: string }).Type,
    );
    expect(types.filter((type) => type.startsWith('Custom::') || type.includes('CustomResource'))).toEqual([]);
  });

  test('memory, logs, namespace and tracing can be chosen', () => {
    const chosen = createWorld({
      memorySize: 1024,
      logRetention: RetentionDays.ONE_WEEK,
      metricsNamespace: 'Shop/Nets',
      logLevel: 'WARN',
      tracing: true,
    });
    for (const name of functionNames) {
      expect(lambda(name, chosen)).toMatchObject({
        MemorySize: 1024,
        TracingConfig: { Mode: 'Active' },
        Environment: { Variables: { METRICS_NAMESPACE: 'Shop/Nets', LOG_LEVEL: 'WARN' } },
      });
      expect(chosen.propertiesOf(chosen.deallocator.functions[name].logGroup)).toMatchObject({ RetentionInDays: 7 });
    }
  });
});

describe('the code of the functions', () => {
  const scratch: string[] = [];
  afterEach(() => {
    for (const folder of scratch.splice(0)) rmSync(folder, { recursive: true });
  });

  /** A package with functions that do nothing. */
  function createPackage(): string {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    scratch.push(folder);
    mkdirSync(join(folder, 'functions'));
    writeFileSync(join(folder, 'functions', 'index.ts'), `export const handler = (): string => 'nothing';\n`);
    return folder;
  }

  test('is one file for all, the same at each build and in any folder', async () => {
    const [first, second] = [createPackage(), createPackage()];
    await bundleFunctions(first);
    await bundleFunctions(second);
    await bundleFunctions(second);
    const code = (folder: string) => readFileSync(join(folder, 'dist', 'functions', 'index.js'), 'utf8');
    expect(code(first)).toContain('nothing');
    expect(code(second)).toBe(code(first));
    const assets = functionNames.map((name) => lambda(name).Code);
    expect(new Set(assets.map((asset) => JSON.stringify(asset))).size).toBe(1);
  });

  test('is alone in its folder, whatever was left there', async () => {
    const folder = createPackage();
    const output = join(folder, 'dist', 'functions');
    mkdirSync(join(output, 'sweep'), { recursive: true });
    writeFileSync(join(output, 'meta.json'), '{}');
    await bundleFunctions(folder);
    expect(readdirSync(output)).toEqual(['index.js']);
  });

  test('holds the AWS SDK and neither the CDK nor the local cloud', async () => {
    const { folder, codeBytes } = await bundleFunctions(root);
    const code = readFileSync(join(folder, 'index.js'), 'utf8');
    const required = [...code.matchAll(/(?<!\[)require\("([^"]+)"\)/g)].map(([, module]) => module);
    expect(required.filter((module) => !module?.startsWith('node:'))).toEqual([]);
    expect(code.includes('CfnFunction') || code.includes('DynamoDBLocal')).toBe(false);
    // A cold start reads all of it. 360 KB is the SDK's DynamoDB client; half as much again is a mistake.
    expect(codeBytes).toBeLessThan(540_000);
  });
});
