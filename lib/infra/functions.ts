import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { TABLES, type TableName } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import { networkStatements } from './access.ts';
import { acknowledgeNoResources } from './acknowledged.ts';
import { builtCode } from './code.ts';
import { nameWith } from './names.ts';
import type { DeallocatorProps } from './props.ts';
import { refuseOutside } from './ranges.ts';
import { ruleVariables } from './rules.ts';

export const FUNCTION_NAMES = [
  'task-deleted',
  'attachment-deleted',
  'service-updated',
  'network-updated',
  'sweep',
] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** Construct ids: nouns of the deployment, not to be renamed. */
export const FUNCTION_IDS: Record<FunctionName, string> = {
  'task-deleted': 'TaskDeleted',
  'attachment-deleted': 'AttachmentDeleted',
  'service-updated': 'ServiceUpdated',
  'network-updated': 'NetworkUpdated',
  sweep: 'Sweep',
};

/**
 * A batch takes well under a second; a minute leaves room for every try of a throttled request, and ends what hangs
 * before the shard has waited for long.
 */
const STREAM_FUNCTION_TIMEOUT = Duration.seconds(60);
/** Lambda's longest. A sweep that can't end in time stops by itself, and the next one goes on from there. */
const SWEEP_TIMEOUT = Duration.minutes(15);

/** Memory of a function, unless the deployment says otherwise; the property tells why. */
export const MEMORY_MEGABYTES_DEFAULT = 1769;

export interface FunctionSetup {
  readonly tables: Readonly<Record<TableName, { readonly tableName: string }>>;
  readonly statements: readonly PolicyStatement[];
  readonly metricsNamespace: string;
  readonly props: DeallocatorProps;
  readonly rules: Rules;
}

/** One function with its role, its log group and its code, below a construct of its own name. */
export function createFunction(scope: Construct, name: FunctionName, setup: FunctionSetup): lambda.Function {
  const { tables, statements, metricsNamespace, props, rules } = setup;
  const memorySize = props.memorySize ?? MEMORY_MEGABYTES_DEFAULT;
  refuseOutside(scope, 'memorySize', memorySize, { least: 128, most: 10_240, hint: 'choose megabytes in that range' });

  const parent = new Construct(scope, FUNCTION_IDS[name]);
  const functionName = nameWith(props.resourcePrefix, name);
  const logGroup = new LogGroup(parent, 'Logs', {
    ...(functionName !== undefined && { logGroupName: `/aws/lambda/${functionName}` }),
    retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const { role, policy } = createRole(parent, logGroup, [
    ...statements,
    ...(props.vpc === undefined ? [] : networkStatements()),
  ]);
  if (props.vpc !== undefined) acknowledgeNoResources(parent, 'EC2');
  if (props.tracing) acknowledgeNoResources(parent, 'X-Ray');
  const created = new lambda.Function(parent, 'Function', {
    ...(functionName !== undefined && { functionName }),
    description: `Deallocator: ${name}`,
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    handler: 'index.handler',
    code: builtCode(name),
    memorySize,
    timeout: name === 'sweep' ? SWEEP_TIMEOUT : STREAM_FUNCTION_TIMEOUT,
    // No reserved concurrency, not even 1 for the sweep: Lambda refuses one that leaves less than 100 (in a new account,
    // of a total of 10) unreserved, so the stack could not be deployed there. Two sweeps at a time only cost double.
    role,
    ...(props.vpc !== undefined && {
      vpc: props.vpc,
      ...(props.vpcSubnets && { vpcSubnets: props.vpcSubnets }),
      ...(props.securityGroups && { securityGroups: [...props.securityGroups] }),
    }),
    logGroup,
    // The code writes lines of JSON and embedded metrics itself; Lambda's JSON format would wrap each into another.
    loggingFormat: lambda.LoggingFormat.TEXT,
    tracing: props.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
    environment: {
      ...Object.fromEntries(
        (Object.keys(TABLES) as TableName[]).map((table) => [TABLES[table].variable, tables[table].tableName]),
      ),
      ...ruleVariables(rules),
      METRICS_NAMESPACE: metricsNamespace,
      LOG_LEVEL: props.logLevel ?? 'INFO',
      DEALLOCATOR_FUNCTION: name,
    },
  });
  // And by that its mapping: Lambda checks the role when it creates one.
  created.node.addDependency(policy);
  return created;
}

/**
 * Everything that the function may do, in one policy of ours: an AWS managed one would let it write to every log group. Beside
 * the role and not in it, for the tables' policies name the role, and this one names the tables.
 */
function createRole(
  scope: Construct,
  logGroup: LogGroup,
  statements: readonly PolicyStatement[],
): { role: IRole; policy: Policy } {
  const writeLogs = new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  });
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  return { role, policy: new Policy(scope, 'Policy', { roles: [role], statements: [writeLogs, ...statements] }) };
}
