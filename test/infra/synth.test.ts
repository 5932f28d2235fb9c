import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterEach, describe, expect, test } from 'vitest';
import { Deallocator, DeallocatorStack } from '../../lib/infra/index.ts';
import { root, type SwarmkitDeallocator } from './world.ts';

const scratch: string[] = [];
afterEach(() => {
  for (const folder of scratch.splice(0)) rmSync(folder, { recursive: true });
});

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'synth-'));
  scratch.push(folder);
  return folder;
}

/** The hash of each file by its path. */
function hashes(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    files
      .filter((file) => statSync(join(folder, file)).isFile())
      .map((file) => [
        file,
        createHash('sha256')
          .update(readFileSync(join(folder, file)))
          .digest('hex'),
      ]),
  );
}

/** @param context as the CDK's command line passes it on */
function runApp(context: Record<string, string> = {}): { folder: string; output: string; status: number | null } {
  const folder = createFolder();
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'app.ts')], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: folder, CDK_VALIDATION: 'true', CDK_CONTEXT_JSON: JSON.stringify(context) },
    encoding: 'utf8',
  });
  return { folder, output: stdout + stderr, status };
}

describe('synth', () => {
  test('the app writes the same bytes each time, with nothing to complain of', () => {
    const [first, second] = [runApp(), runApp()];
    expect(first).toMatchObject({ status: 0, output: '' });
    expect(second).toMatchObject({ status: 0, output: '' });
    const written = hashes(first.folder);
    expect(Object.keys(written)).toContain('Deallocator.template.json');
    expect(hashes(second.folder)).toEqual(written);
    const report = JSON.parse(readFileSync(join(first.folder, 'validation-report.json'), 'utf8'));
    expect(report.pluginReports).toEqual([]);
  });

  test('the app takes kinds of one’s own from a file, in a stack of their own name', () => {
    const { folder, ...run } = runApp({ lifecycle: 'bin/examples/ideas.ts' });
    expect(run).toMatchObject({ status: 0, output: '' });
    const { artifacts } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(artifacts.Deallocator.properties.stackName).toBe('Deallocator-ideas');
    const { Outputs } = JSON.parse(readFileSync(join(folder, 'Deallocator.template.json'), 'utf8'));
    expect(Object.keys(Outputs)).toContain('HackathonsTableName');
    expect(Object.keys(Outputs)).not.toContain('ServicesTableName');
    const report = JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8'));
    expect(report.pluginReports).toEqual([]);
  });

  test.each([
    [
      { lifecycle: 'bin/next-steps.ts' },
      /^bin\/next-steps.ts exports no lifecycle; export one: .* \[InvalidArgument\]\n$/,
    ],
    [{ lifecycle: 'no-such-file.json' }, /^no-such-file.json can't be read: .* \[InvalidArgument\]\n$/],
    [
      { lifecycle: 'lib/lifecycle/swarmkit.ts' },
      /exports several lifecycles; choose one with -c export=NAME: SWARMKIT, SWARMKIT_ALL/,
    ],
  ])('the app says in one line what it can’t take: %j', (context, message) => {
    const { status, output } = runApp(context);
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringMatching(message) });
    expect(output).not.toContain('    at ');
  });

  test('the app takes one of several by its name', () => {
    const { status, folder } = runApp({
      lifecycle: 'lib/lifecycle/swarmkit.ts',
      export: 'SWARMKIT_ALL',
      stackName: 'All',
    });
    expect(status).toBe(0);
    const { artifacts } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(artifacts.Deallocator.properties.stackName).toBe('All');
    expect(readFileSync(join(folder, 'Deallocator.template.json'), 'utf8')).toContain('SecretsTableName');
  });

  test('the stack needs no account and no Region, and names its parts in its outputs', () => {
    const stack = new DeallocatorStack(new App(), 'Any');
    const { Outputs, ...template } = Template.fromStack(stack).toJSON();
    const { tables, functions, deadLetterQueue } = stack.deallocator as SwarmkitDeallocator;
    expect(Outputs).toEqual({
      ServicesTableName: { Value: stack.resolve(tables.services.tableName) },
      TasksTableName: { Value: stack.resolve(tables.tasks.tableName) },
      NetworksTableName: { Value: stack.resolve(tables.networks.tableName) },
      AttachmentsTableName: { Value: stack.resolve(tables.attachments.tableName) },
      CountersTableName: { Value: stack.resolve(tables.counters.tableName) },
      ReceiptsTableName: { Value: stack.resolve(tables.receipts.tableName) },
      SweepFunctionName: { Value: stack.resolve(functions.sweep.functionName) },
      DeadLetterQueueUrl: { Value: stack.resolve(deadLetterQueue.queueUrl) },
      GracePeriodSeconds: { Value: '0' },
    });
    expect(JSON.stringify(template)).not.toMatch(/"[a-z]{2}-[a-z]+-\d"|:\d{12}:/);
  });

  test('the stack passes on what is the stack’s, and what is the deallocator’s', () => {
    const stack = new DeallocatorStack(new App(), 'Any', { terminationProtection: true, memorySize: 256 });
    expect(stack.terminationProtection).toBe(true);
    Template.fromStack(stack).allResourcesProperties('AWS::Lambda::Function', { MemorySize: 256 });
  });

  test('two deallocators live in one stack', () => {
    const stack = new Stack(new App(), 'Two');
    new Deallocator(stack, 'One');
    new Deallocator(stack, 'Other', { metricsNamespace: 'Other' });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::DynamoDB::Table', 12);
    template.resourceCountIs('AWS::Lambda::Function', 10);
    template.resourceCountIs('AWS::Events::Rule', 4);
  });
});
