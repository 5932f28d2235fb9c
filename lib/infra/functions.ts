import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import { type IRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { TABLES, type TableName } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import { builtCode } from './code.ts';
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
const FUNCTION_IDS: Record<FunctionName, string> = {
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

/** CloudWatch's rule: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
const METRICS_NAMESPACE = /^(?!AWS\/)[\w./#\- ][\w./#\-: ]{0,254}$/;

export interface FunctionSetup {
  readonly tables: Readonly<Record<TableName, { readonly tableName: string }>>;
  readonly statements: readonly PolicyStatement[];
  readonly props: DeallocatorProps;
  readonly rules: Rules;
}

/** One function with its role, its log group and its code, below a construct of its own name. */
export function createFunction(scope: Construct, name: FunctionName, setup: FunctionSetup): lambda.Function {
  const { tables, statements, props, rules } = setup;
  const memorySize = props.memorySize ?? MEMORY_MEGABYTES_DEFAULT;
  refuseOutside(scope, 'memorySize', memorySize, { least: 128, most: 10_240, hint: 'choose megabytes in that range' });
  const metricsNamespace = props.metricsNamespace ?? 'Deallocator';
  refuseNamespace(scope, metricsNamespace);

  const parent = new Construct(scope, FUNCTION_IDS[name]);
  const logGroup = new LogGroup(parent, 'Logs', {
    retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return new lambda.Function(parent, 'Function', {
    description: `Deallocator: ${name}`,
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    handler: 'index.handler',
    code: builtCode(name),
    memorySize,
    timeout: name === 'sweep' ? SWEEP_TIMEOUT : STREAM_FUNCTION_TIMEOUT,
    // No reserved concurrency, not even 1 for the sweep: Lambda refuses one that leaves less than 100 (in a new account,
    // of a total of 10) unreserved, so the stack could not be deployed there. Two sweeps at a time only cost double.
    role: createRole(parent, logGroup, statements),
    logGroup,
    // The code writes lines of JSON and embedded metrics itself; Lambda's JSON format would wrap each into another.
    loggingFormat: lambda.LoggingFormat.TEXT,
    tracing: lambda.Tracing.DISABLED,
    environment: {
      ...Object.fromEntries(
        (Object.keys(TABLES) as TableName[]).map((table) => [TABLES[table].variable, tables[table].tableName]),
      ),
      ...ruleVariables(rules),
      METRICS_NAMESPACE: metricsNamespace,
      DEALLOCATOR_FUNCTION: name,
    },
  });
}

/**
 * Everything that the function may do, in the role itself. An AWS managed policy would let it write to every log group;
 * a separate policy resource could still be missing when Lambda checks the role of a mapping.
 */
function createRole(scope: Construct, logGroup: LogGroup, statements: readonly PolicyStatement[]): IRole {
  const writeLogs = new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  });
  return new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { Deallocator: new PolicyDocument({ statements: [writeLogs, ...statements] }) },
  });
}

function refuseNamespace(scope: Construct, value: string): void {
  if (Token.isUnresolved(value) || METRICS_NAMESPACE.test(value)) return;
  throw new Error(
    `${scope.node.path}: metricsNamespace is "${value}", and must be 1 to 255 of the characters A–Z a–z 0–9 . - _ / # : ` +
      'and space, not starting with "AWS/" or a colon; choose a name such as "Deallocator"',
  );
}
