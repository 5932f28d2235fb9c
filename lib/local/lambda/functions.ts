/** AWS::Lambda::Function as read from the template. */
import {
  FUNCTION_ENVIRONMENTS_MAX,
  FUNCTION_MEMORY_MEGABYTES_DEFAULT,
  FUNCTION_TIMEOUT_SECONDS_DEFAULT,
  FUNCTION_TIMEOUT_SECONDS_MAX,
} from '../ground/limits.ts';
import type { Assembly } from '../template/assembly.ts';
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

/** `Role` is read by iam/policies.ts. */
const IGNORED_PROPERTIES = [
  'Role',
  'Architectures',
  'Description',
  'Tags',
  'TracingConfig',
  'EphemeralStorage',
  'RecursiveLoop',
  'RuntimeManagementConfig',
  'KmsKeyArn',
  'VpcConfig',
];

export function readFunctions(stack: Stack, assembly: Assembly): readonly FunctionProperties[] {
  return stack.read('AWS::Lambda::Function', (properties, resource) => {
    properties.ignore(...IGNORED_PROPERTIES);
    const runtime = properties.text('Runtime');
    if (!runtime.startsWith('nodejs')) throw properties.invalid('Runtime', 'nodejs…');
    const code = properties.object('Code');
    code.ignore('S3Bucket');
    const logging = properties.object('LoggingConfig');
    logging.ignore('ApplicationLogLevel', 'LogFormat', 'SystemLogLevel');
    const environment = properties.object('Environment').object('Variables').entries();
    const concurrency =
      properties.findNumber('ReservedConcurrentExecutions', [1, 100_000]) ?? FUNCTION_ENVIRONMENTS_MAX;
    const timeoutSeconds = properties.findNumber('Timeout', [1, FUNCTION_TIMEOUT_SECONDS_MAX]);
    return {
      ...resource,
      directory: assembly.findAssetDirectory(code.text('S3Key')),
      handler: properties.text('Handler'),
      runtime,
      timeoutSeconds: timeoutSeconds ?? FUNCTION_TIMEOUT_SECONDS_DEFAULT,
      memoryMegabytes: properties.findNumber('MemorySize', [128, 10_240]) ?? FUNCTION_MEMORY_MEGABYTES_DEFAULT,
      concurrency: Math.min(concurrency, FUNCTION_ENVIRONMENTS_MAX),
      environment: Object.fromEntries(environment.map(([key, value]) => [key, String(value)])),
      deadLetterArn: properties.object('DeadLetterConfig').findText('TargetArn'),
      logGroup: logging.findText('LogGroup') ?? `/aws/lambda/${resource.name}`,
    };
  });
}
