/** Two public checks of templates: cdk-nag's AwsSolutions, and the CDK's own validation, both as errors. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import { root } from './world.ts';

const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
const imported = { account: '111122223333', region: 'eu-central-1' };
const arn = (service: string, name: string) => `arn:aws:${service}:${imported.region}:${imported.account}:${name}`;

beforeAll(() => void vi.stubEnv('CDK_VALIDATION', 'true'));
afterAll(() => void vi.unstubAllEnvs());

let outdir: string | undefined;
afterEach(() => {
  if (outdir !== undefined) rmSync(outdir, { recursive: true });
});

/** `rule path` for each finding of either check. */
function findings(create: (stack: Stack) => void): string[] {
  outdir = mkdtempSync(join(tmpdir(), 'checks-'));
  const app = new App({ context, outdir, analyticsReporting: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  create(new Stack(app, 'Checked', { env: imported }));
  let thrown: unknown;
  try {
    app.synth();
  } catch (error) {
    thrown = error;
  }
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: { ruleName: string; violatingConstructs: { constructPath: string }[] }[] }[];
  };
  const found = report.pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    ),
  );
  if (thrown !== undefined && found.length === 0) throw thrown;
  return found;
}

const all: [what: string, props: (stack: Stack) => DeallocatorProps][] = [
  ['nothing chosen', () => ({})],
  [
    'everything chosen',
    (stack) => ({
      taskIsGone: 'terminal',
      gracePeriod: Duration.days(1),
      stopTasks: true,
      taskTtlAttribute: 'expiresAt',
      resourcePrefix: 'shop-prod',
      tableEncryptionKey: Key.fromKeyArn(stack, 'Key', arn('kms', 'key/5f0c0b3e-6a1b-4e0e-9d0c-2f6f3a1f0c11')),
      eventBus: EventBus.fromEventBusArn(stack, 'Bus', arn('events', 'event-bus/shop')),
      tracing: true,
      vpc: Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: ['eu-central-1a'],
        privateSubnetIds: ['subnet-0123456789abcdef0'],
        privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
      }),
      securityGroups: [SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0')],
    }),
  ],
  [
    'tables that are imported, or of the same stack',
    (stack) => ({
      tables: {
        attachments: Table.fromTableAttributes(stack, 'Attachments', {
          tableArn: arn('dynamodb', 'table/attachments'),
          tableStreamArn: arn('dynamodb', 'table/attachments/stream/2026-01-01T00:00:00.000'),
        }),
        tasks: new Table(stack, 'Tasks', {
          partitionKey: { name: 'serviceId', type: AttributeType.STRING },
          sortKey: { name: 'id', type: AttributeType.STRING },
          stream: StreamViewType.KEYS_ONLY,
          pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        }),
      },
    }),
  ],
];

test.each(all)('nothing is found with %s', (_, props) => {
  const found = findings((stack) => new Deallocator(stack, 'Deallocator', props(stack)));
  // The warning is for tables whose policy we can't write: the user who brings one is meant to see it.
  expect(found.filter((one) => !one.includes('deallocator:unguarded'))).toEqual([]);
});

test('what is wrong is found: the checks are on', () => {
  const found = findings((stack) => {
    new Table(stack, 'Bare', { partitionKey: { name: 'id', type: AttributeType.STRING } });
  });
  expect(found).toEqual(['AwsSolutions-DDB3 Checked/Bare/Resource']);
});
