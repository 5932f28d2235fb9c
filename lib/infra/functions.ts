import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import { writeEnvironment } from '../streams/deployment.ts';
import { functionConstructId, MEMORY_MEGABYTES_DEFAULT } from '../streams/functions.ts';
import { type VpcProps, vpcStatements } from './access.ts';
import { acknowledgeNoResources } from './acknowledged.ts';
import { builtCode } from './code.ts';
import { createPolicy, type PolicyProps } from './grants.ts';
import type { Kinds } from './kinds.ts';
import { type NameProps, nameWith } from './names.ts';
import { type Range, readWithin } from './ranges.ts';
import { refuse } from './refusal.ts';

export interface FunctionProps {
  /**
   * How long each function's log group keeps its lines.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;

  /**
   * Memory of each function in MB, 128 to 10,240. Lambda gives processor time in proportion, and 1,769 MB are one core, all
   * that JavaScript can use. A request takes half a millisecond of it, which a burst mostly consists of: three times as
   * quick as with 512 MB, for the same money within a few percent (docs/bench).
   * @default 1769
   */
  readonly memorySize?: number;

  /**
   * The least severe lines that functions log: `INFO` is one line for each decision, `WARN` only malformed marks, `ERROR`
   * only failures. Metrics are logged in any case.
   * @default 'INFO'
   */
  readonly logLevel?: 'INFO' | 'WARN' | 'ERROR';

  /**
   * Whether X-Ray traces the functions' invocations. It sees how long each takes and whether it fails, not its requests.
   * Each role may then send traces; X-Ray knows no resources for that. Charged by trace.
   * @default false
   */
  readonly tracing?: boolean;

  /**
   * Concurrent invocations that are set aside for a function, and that it can't have more of: 1 to 100,000 by the function's
   * name. Lambda refuses what leaves the account less than 100 for all others. Less than the shards of a table's stream slows
   * that stream down.
   * @default - none: the functions take from what the account has
   */
  readonly reservedConcurrency?: Readonly<Partial<Record<string, number>>>;
}

/**
 * A batch takes well under a second. A minute leaves room for every try of a throttled request, and ends what hangs before
 * its shard has waited for long.
 */
const BATCH_TIMEOUT = Duration.minutes(1);
/** Lambda's longest. A sweep that can't finish in it stops by itself, and the next one goes on from there. */
const SWEEP_TIMEOUT = Duration.minutes(15);

/** https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html */
const SEND_TRACES = new PolicyStatement({
  actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  resources: ['*'],
});

const RESERVED: Range = { least: 1, most: 100_000 };
const LOG_LEVELS = ['INFO', 'WARN', 'ERROR'] as const;

function timeoutOf(name: string): Duration {
  return name === 'sweep' ? SWEEP_TIMEOUT : BATCH_TIMEOUT;
}

export function timeoutMillis(name: string): number {
  return timeoutOf(name).toMilliseconds();
}

/** By their names; a sweep there always is. */
export type Functions = Readonly<Record<string, lambda.Function> & Record<'sweep', lambda.Function>>;

export interface FunctionSetup {
  readonly tables: PhysicalNames;
  readonly metricsNamespace: string;
  readonly logKey: IKey | undefined;
  readonly props: FunctionProps & VpcProps & NameProps & PolicyProps;
  readonly rules: Rules;
  readonly kinds: Kinds;
}

/** One function with its role, its log group and its code, below a construct of its own name. */
export function createFunction(
  scope: Construct,
  name: string,
  statements: readonly PolicyStatement[],
  { tables, metricsNamespace, logKey, props, rules, kinds }: FunctionSetup,
): lambda.Function {
  const memorySize = props.memorySize ?? MEMORY_MEGABYTES_DEFAULT;
  readWithin(scope, 'memorySize', memorySize, { least: 128, most: 10_240, hint: 'choose megabytes in that range' });

  const parent = new Construct(scope, functionConstructId(kinds.plan, name));
  const functionName = nameWith(props.resourcePrefix, name);
  const logGroup = new LogGroup(parent, 'Logs', {
    logGroupName: functionName && `/aws/lambda/${functionName}`,
    retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
    encryptionKey: logKey,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(parent, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  // Everything that the function may do: an AWS managed policy would let it write to every log group.
  const writeLogs = new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  });
  const inVpc = props.vpc === undefined ? [] : vpcStatements();
  const traced = props.tracing ? [SEND_TRACES] : [];
  const policy = createPolicy(parent, role, [writeLogs, ...statements, ...inVpc, ...traced], props);
  if (props.vpc !== undefined) acknowledgeNoResources(parent, 'EC2');
  if (props.tracing) acknowledgeNoResources(parent, 'X-Ray');
  const logLevel = readLogLevel(scope, props);
  const created = new lambda.Function(parent, 'Function', {
    functionName,
    description: `Deallocator: ${name}`,
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    handler: 'index.handler',
    code: builtCode(),
    memorySize,
    timeout: timeoutOf(name),
    // None by default, not even 1 for the sweep: Lambda refuses a reservation that leaves less than 100 unreserved,
    // and a new account has 10 in all, so the stack could not be deployed there. Two sweeps at a time only cost double.
    reservedConcurrentExecutions: readReserved(scope, name, props),
    role,
    vpc: props.vpc,
    vpcSubnets: props.vpcSubnets,
    securityGroups: props.securityGroups && [...props.securityGroups],
    logGroup,
    // The code writes lines of JSON and embedded metrics itself; Lambda's JSON format would wrap each into another.
    loggingFormat: lambda.LoggingFormat.TEXT,
    environment: fitting(
      scope,
      writeEnvironment({ ...kinds, tables, rules, metricsNamespace, logLevel, functionName: name }),
    ),
  });
  // The CDK's own `tracing` would add an inline policy, whatever `managedPolicies` says.
  if (props.tracing) (created.node.defaultChild as lambda.CfnFunction).tracingConfig = { mode: lambda.Tracing.ACTIVE };
  // The function waits for its policy, and so does its mapping: Lambda checks the role when it creates a mapping.
  created.node.addDependency(policy);
  return created;
}

/**
 * Bytes of all names and values of a function's environment.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
const ENVIRONMENT_BYTES_MAX = 4096;
/** What a name is counted with that only CloudFormation knows: it makes them of stack and construct, of some 80 characters. */
const UNKNOWN_NAME_BYTES = 128;

/** Lambda would refuse a larger one in mid-deployment. */
function fitting(scope: Construct, environment: Record<string, string>): Record<string, string> {
  const bytesOf = (text: string) => (Token.isUnresolved(text) ? UNKNOWN_NAME_BYTES : Buffer.byteLength(text));
  const bytes = Object.entries(environment).reduce((sum, [name, value]) => sum + name.length + bytesOf(value), 0);
  if (bytes <= ENVIRONMENT_BYTES_MAX) return environment;
  refuse(
    scope,
    `the lifecycle, the names of the tables and the rules take up to ${bytes} bytes of the functions' environment, and Lambda takes ` +
      `${ENVIRONMENT_BYTES_MAX}; give tables and paths shorter names, or make two lifecycles of kinds that do not depend on each other`,
  );
}

function readReserved(scope: Construct, name: string, props: FunctionProps): number | undefined {
  const reserved = props.reservedConcurrency?.[name];
  return reserved === undefined ? undefined : readWithin(scope, `reservedConcurrency.${name}`, reserved, RESERVED);
}

function readLogLevel(scope: Construct, { logLevel = 'INFO' }: FunctionProps) {
  if (LOG_LEVELS.includes(logLevel)) return logLevel;
  refuse(scope, `logLevel is "${logLevel}", and must be one of ${LOG_LEVELS.join(', ')}; choose one of these`);
}
