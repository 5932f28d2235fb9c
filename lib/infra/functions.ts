import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import { writeEnvironment } from '../streams/deployment.ts';
import { FUNCTIONS, type FunctionName, MEMORY_MEGABYTES_DEFAULT } from '../streams/functions.ts';
import { type VpcProps, vpcStatements } from './access.ts';
import { acknowledgeNoResources } from './acknowledged.ts';
import { builtCode } from './code.ts';
import { type NameProps, nameWith } from './names.ts';
import { refuseOutside } from './ranges.ts';

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
}

/**
 * A batch takes well under a second. A minute leaves room for every try of a throttled request, and ends what hangs before
 * its shard has waited for long.
 */
const BATCH_TIMEOUT = Duration.minutes(1);
/** Lambda's longest. A sweep that can't finish in it stops by itself, and the next one goes on from there. */
const SWEEP_TIMEOUT = Duration.minutes(15);

export interface FunctionSetup {
  readonly tables: PhysicalNames;
  readonly metricsNamespace: string;
  readonly props: FunctionProps & VpcProps & NameProps;
  readonly rules: Rules;
}

/** One function with its role, its log group and its code, below a construct of its own name. */
export function createFunction(
  scope: Construct,
  name: FunctionName,
  statements: readonly PolicyStatement[],
  { tables, metricsNamespace, props, rules }: FunctionSetup,
): lambda.Function {
  const memorySize = props.memorySize ?? MEMORY_MEGABYTES_DEFAULT;
  refuseOutside(scope, 'memorySize', memorySize, { least: 128, most: 10_240, hint: 'choose megabytes in that range' });

  const parent = new Construct(scope, FUNCTIONS[name].id);
  const functionName = nameWith(props.resourcePrefix, name);
  const logGroup = new LogGroup(parent, 'Logs', {
    logGroupName: functionName && `/aws/lambda/${functionName}`,
    retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const { role, policy } = createRole(parent, logGroup, [
    ...statements,
    ...(props.vpc === undefined ? [] : vpcStatements()),
  ]);
  if (props.vpc !== undefined) acknowledgeNoResources(parent, 'EC2');
  if (props.tracing) acknowledgeNoResources(parent, 'X-Ray');
  const logLevel = props.logLevel ?? 'INFO';
  const created = new lambda.Function(parent, 'Function', {
    functionName,
    description: `Deallocator: ${name}`,
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    handler: 'index.handler',
    code: builtCode(name),
    memorySize,
    timeout: name === 'sweep' ? SWEEP_TIMEOUT : BATCH_TIMEOUT,
    // No reserved concurrency, not even 1 for the sweep: Lambda refuses a reservation that leaves less than 100 unreserved,
    // and a new account has 10 in all, so the stack could not be deployed there. Two sweeps at a time only cost double.
    role,
    vpc: props.vpc,
    vpcSubnets: props.vpcSubnets,
    securityGroups: props.securityGroups && [...props.securityGroups],
    logGroup,
    // The code writes lines of JSON and embedded metrics itself; Lambda's JSON format would wrap each into another.
    loggingFormat: lambda.LoggingFormat.TEXT,
    tracing: props.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
    environment: writeEnvironment({ tables, rules, metricsNamespace, logLevel, functionName: name }),
  });
  // The function waits for its policy, and so does its mapping: Lambda checks the role when it creates a mapping.
  created.node.addDependency(policy);
  return created;
}

/**
 * Everything that the function may do, in one policy of ours: an AWS managed one would let it write to every log group. The
 * policy is a resource of its own because the tables' policies name the role, and this policy names the tables.
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
