/** Which resources the local cloud knows, and the names and ARNs that they have here. */
import { LocalError } from '../ground/local-error.ts';
import type { Assembly, TemplateResource } from './assembly.ts';
import { ACCOUNT_ID, REGION, type ResourceAttributes, resolveValue, type Scope } from './intrinsics.ts';
import { type Properties, PropertyReader } from './properties.ts';

export const EMULATED_TYPES = [
  'AWS::DynamoDB::Table',
  'AWS::IAM::Role',
  'AWS::IAM::Policy',
  'AWS::IAM::ManagedPolicy',
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::SQS::Queue',
  'AWS::Events::Rule',
] as const;
export type EmulatedType = (typeof EMULATED_TYPES)[number];

/** Accepted without effect, each for a reason. Any other type is an error. */
export const IGNORED_TYPES: Readonly<Record<string, string>> = {
  'AWS::Lambda::Permission': 'permits what other services do; the local cloud does not ask for these',
  'AWS::SQS::QueuePolicy': 'as AWS::Lambda::Permission',
  'AWS::Logs::LogGroup': 'log lines go to the log sink and are not kept',
  'AWS::Logs::MetricFilter': 'there are no metrics',
  'AWS::Logs::QueryDefinition': 'log lines are not kept',
  'AWS::CloudWatch::Alarm': 'there are no metrics',
  'AWS::CloudWatch::CompositeAlarm': 'there are no metrics',
  'AWS::CloudWatch::Dashboard': 'there are no metrics',
  'AWS::EC2::SecurityGroup': 'functions run on this machine, in no network of their own',
  'AWS::KMS::Key': 'nothing is encrypted here',
  'AWS::Events::EventBus': 'nothing listens to events here',
  'AWS::Pipes::Pipe': 'as AWS::Events::EventBus; a pipe has no effect on the tables that it reads',
  'AWS::CDK::Metadata': 'statistics for AWS',
};

const FUNCTION_NAME_CHARACTERS_MAX = 64;

export interface NamedResource {
  readonly logicalId: string;
  /** The physical name, as `Ref` gives it. */
  readonly name: string;
  readonly arn: string;
}

/** A stack whose every resource is known and named, before anything is created. */
export interface Stack {
  readonly scope: Scope;
  /** Resources of one type in the template's order, with their properties resolved now. */
  resolve(type: EmulatedType): readonly (NamedResource & { readonly properties: Properties })[];
  /** The same, each read as a whole. Throws `template.unknownProperty` for what `read` neither reads nor ignores. */
  read<T>(type: EmulatedType, read: (properties: PropertyReader, resource: NamedResource) => T): readonly T[];
  outputs(): Record<string, string>;
}

/** Which property names a resource of this type. */
const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Events::Rule': 'Name',
};

/** CloudFormation adds something random to a name; here it stays the same from one start to the next. */
function nameOf(logicalId: string, { Type, Properties = {} }: TemplateResource, scope: Scope): string {
  const name = Properties[NAME_PROPERTIES[Type] ?? ''];
  if (name !== undefined) return String(resolveValue(name, scope));
  return `${scope.stackName}-${logicalId}`.slice(-FUNCTION_NAME_CHARACTERS_MAX);
}

function attributesOf(logicalId: string, resource: TemplateResource, scope: Scope): ResourceAttributes {
  const name = nameOf(logicalId, resource, scope);
  const arn = (service: string, path: string) => `arn:aws:${service}:${REGION}:${ACCOUNT_ID}:${path}`;
  switch (resource.Type) {
    case 'AWS::DynamoDB::Table':
      return { ref: name, attributes: { Arn: arn('dynamodb', `table/${name}`) } };
    case 'AWS::Lambda::Function':
      return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
    case 'AWS::Lambda::EventSourceMapping': {
      const attributes = { Id: logicalId, EventSourceMappingArn: arn('lambda', `event-source-mapping:${logicalId}`) };
      return { ref: logicalId, attributes };
    }
    case 'AWS::SQS::Queue': {
      const url = `https://sqs.${REGION}.amazonaws.com/${ACCOUNT_ID}/${name}`;
      return { ref: url, attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: url } };
    }
    case 'AWS::Events::Rule':
      return { ref: name, attributes: { Arn: arn('events', `rule/${name}`) } };
    case 'AWS::IAM::Role':
      return { ref: name, attributes: { Arn: `arn:aws:iam::${ACCOUNT_ID}:role/${name}`, RoleId: logicalId } };
    case 'AWS::Logs::LogGroup':
      return { ref: name, attributes: { Arn: arn('logs', `log-group:${name}:*`) } };
    default:
      return { ref: name, attributes: { Arn: arn('local', `${resource.Type}/${name}`) } };
  }
}

/** Names every resource. Throws `template.unknownResourceType`, `template.unsupportedCondition`. */
export function readStack(assembly: Assembly): Stack {
  const { template, stackName } = assembly;
  const scope: Scope = { template, stackName, resources: new Map() };
  const emulated: readonly string[] = EMULATED_TYPES;
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    if (!emulated.includes(resource.Type) && !(resource.Type in IGNORED_TYPES)) {
      throw new LocalError(
        'template.unknownResourceType',
        `resource "${logicalId}" is of type ${resource.Type}, which the local cloud does not know; ` +
          `it emulates ${EMULATED_TYPES.join(', ')} and ignores ${Object.keys(IGNORED_TYPES).join(', ')}`,
      );
    }
    if (emulated.includes(resource.Type) && resource.Condition !== undefined) {
      throw new LocalError(
        'template.unsupportedCondition',
        `resource "${logicalId}" exists on condition "${resource.Condition}"; the local cloud evaluates no conditions`,
      );
    }
    scope.resources.set(logicalId, attributesOf(logicalId, resource, scope));
  }
  const stack: Stack = {
    scope,
    resolve(type) {
      return Object.entries(template.Resources).flatMap(([logicalId, resource]) => {
        if (resource.Type !== type) return [];
        const properties = resolveValue(resource.Properties ?? {}, scope) as Properties;
        const attributes = scope.resources.get(logicalId);
        return [{ logicalId, name: attributes?.ref ?? logicalId, arn: attributes?.attributes.Arn ?? '', properties }];
      });
    },
    read(type, read) {
      return stack.resolve(type).map(({ properties, ...resource }) => {
        const reader = new PropertyReader(`${type} "${resource.logicalId}"`, properties);
        reader.ignore(NAME_PROPERTIES[type] ?? '');
        const result = read(reader, resource);
        reader.checkAll();
        return result;
      });
    },
    outputs() {
      const outputs = Object.entries(template.Outputs ?? {});
      return Object.fromEntries(outputs.map(([name, { Value }]) => [name, String(resolveValue(Value, scope))]));
    },
  };
  return stack;
}
