/** AWS::Lambda::Function as read from the template. */

import {
  FUNCTION_ENVIRONMENTS_MAX,
  FUNCTION_MEMORY_MEGABYTES_DEFAULT,
  FUNCTION_TIMEOUT_SECONDS_DEFAULT,
  FUNCTION_TIMEOUT_SECONDS_MAX,
} from '../ground/limits.ts';
import type { Assembly } from '../template/assembly.ts';
import {
  checkProperties,
  findNumber,
  findText,
  getText,
  invalidProperty,
  type Properties,
  readObject,
} from '../template/properties.ts';
import type { NamedResource, Stack } from '../template/stack.ts';

export interface FunctionProperties extends NamedResource {
  /** The unpacked bundle. */
  readonly directory: string;
  readonly handler: string;
  readonly runtime: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  /** Environments at a time. */
  readonly concurrency: number;
  readonly environment: Readonly<Record<string, string>>;
  /** The queue for asynchronous events that were given up. */
  readonly deadLetterArn: string | undefined;
  /** Lambda's own choice unless the template names one. */
  readonly logGroup: string;
}

const FUNCTION_PROPERTIES = {
  used: [
    'FunctionName',
    'Code',
    'Handler',
    'Runtime',
    'Timeout',
    'MemorySize',
    'Environment',
    'ReservedConcurrentExecutions',
    'DeadLetterConfig',
    'LoggingConfig',
    'Role',
  ],
  ignored: [
    'Architectures',
    'Description',
    'Tags',
    'TracingConfig',
    'EphemeralStorage',
    'RecursiveLoop',
    'RuntimeManagementConfig',
    'KmsKeyArn',
    'VpcConfig',
  ],
};

function readFunction(resource: NamedResource & { readonly properties: Properties }, assembly: Assembly) {
  const { logicalId, name, arn, properties } = resource;
  const where = `function "${logicalId}"`;
  checkProperties(where, properties, FUNCTION_PROPERTIES);
  const runtime = getText(where, properties, 'Runtime');
  if (!runtime.startsWith('nodejs')) throw invalidProperty(where, 'Runtime', runtime, 'nodejs…');
  const code = readObject(where, properties, 'Code') ?? {};
  checkProperties(`${where}, Code`, code, { used: ['S3Key'], ignored: ['S3Bucket'] });
  const deadLetters = readObject(where, properties, 'DeadLetterConfig') ?? {};
  checkProperties(`${where}, DeadLetterConfig`, deadLetters, { used: ['TargetArn'] });
  const logging = readObject(where, properties, 'LoggingConfig') ?? {};
  const environment = readObject(where, readObject(where, properties, 'Environment') ?? {}, 'Variables') ?? {};
  const timeoutSeconds = findNumber(where, properties, 'Timeout', [1, FUNCTION_TIMEOUT_SECONDS_MAX]);
  const memoryMegabytes = findNumber(where, properties, 'MemorySize', [128, 10_240]);
  const reserved = findNumber(where, properties, 'ReservedConcurrentExecutions', [1, 100_000]);
  return {
    logicalId,
    name,
    arn,
    directory: assembly.findAssetDirectory(getText(where, code, 'S3Key')),
    handler: getText(where, properties, 'Handler'),
    runtime,
    timeoutSeconds: timeoutSeconds ?? FUNCTION_TIMEOUT_SECONDS_DEFAULT,
    memoryMegabytes: memoryMegabytes ?? FUNCTION_MEMORY_MEGABYTES_DEFAULT,
    concurrency: Math.min(reserved ?? FUNCTION_ENVIRONMENTS_MAX, FUNCTION_ENVIRONMENTS_MAX),
    environment: Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, String(value)])),
    deadLetterArn: deadLetters.TargetArn === undefined ? undefined : String(deadLetters.TargetArn),
    logGroup: findText(where, logging, 'LogGroup') ?? `/aws/lambda/${name}`,
  };
}

export function readFunctions(stack: Stack, assembly: Assembly): readonly FunctionProperties[] {
  return stack.resolve('AWS::Lambda::Function').map((resource) => readFunction(resource, assembly));
}
