/** AWS::Lambda::EventSourceMapping as read from the template. */
import { compilePattern, type FilterPattern } from '../events/pattern.ts';
import {
  BATCH_SIZE_DEFAULT,
  BATCH_SIZE_MAX,
  BATCHING_WINDOW_SECONDS_MAX,
  FILTERS_MAX,
  PARALLELIZATION_FACTOR_MAX,
  RECORD_AGE_SECONDS_MAX,
  RECORD_AGE_SECONDS_MIN,
  RETRY_ATTEMPTS_MAX,
} from '../ground/limits.ts';
import { readOnFailure } from '../lambda/on-failure.ts';
import {
  checkProperties,
  findFlag,
  findNumber,
  findText,
  getText,
  invalidProperty,
  type Properties,
  readList,
  readObject,
} from '../template/properties.ts';
import type { NamedResource, Stack } from '../template/stack.ts';
import type { StartingPosition } from './reader.ts';

export interface MappingProperties {
  readonly logicalId: string;
  readonly functionKey: string;
  readonly streamArn: string;
  readonly enabled: boolean;
  readonly startingPosition: StartingPosition;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly parallelizationFactor: number;
  /** Undefined: for ever. */
  readonly retryAttemptsMax: number | undefined;
  /** Undefined: any age. */
  readonly recordAgeSecondsMax: number | undefined;
  readonly bisectBatchOnFunctionError: boolean;
  readonly reportBatchItemFailures: boolean;
  readonly onFailureArn: string | undefined;
  /** A record is delivered if one of them matches, or if there is none. */
  readonly filters: readonly FilterPattern[];
}

const MAPPING_PROPERTIES = {
  used: [
    'EventSourceArn',
    'FunctionName',
    'Enabled',
    'StartingPosition',
    'BatchSize',
    'MaximumBatchingWindowInSeconds',
    'ParallelizationFactor',
    'MaximumRetryAttempts',
    'MaximumRecordAgeInSeconds',
    'BisectBatchOnFunctionError',
    'FunctionResponseTypes',
    'DestinationConfig',
    'FilterCriteria',
    'TumblingWindowInSeconds',
  ],
  ignored: ['MetricsConfig', 'KmsKeyArn', 'Tags'],
};

function readFilters(where: string, properties: Properties): readonly FilterPattern[] {
  const criteria = readObject(where, properties, 'FilterCriteria');
  if (criteria === undefined) return [];
  checkProperties(`${where}, FilterCriteria`, criteria, { used: ['Filters'] });
  const filters = readList(where, criteria, 'Filters') as readonly Properties[];
  if (filters.length > FILTERS_MAX) throw invalidProperty(where, 'Filters', filters.length, `at most ${FILTERS_MAX}`);
  return filters.map((filter) => {
    checkProperties(`${where}, Filters`, filter, { used: ['Pattern'] });
    return compilePattern(filter.Pattern);
  });
}

function readReportsFailures(where: string, properties: Properties): boolean {
  const types = readList(where, properties, 'FunctionResponseTypes');
  if (types.every((type) => type === 'ReportBatchItemFailures')) return types.length > 0;
  throw invalidProperty(where, 'FunctionResponseTypes', types, '["ReportBatchItemFailures"]');
}

export function readMapping(resource: Pick<NamedResource, 'logicalId'> & { readonly properties: Properties }) {
  const { logicalId, properties } = resource;
  const where = `event source mapping "${logicalId}"`;
  checkProperties(where, properties, MAPPING_PROPERTIES);
  const number = (name: string, range: readonly [number, number]) => findNumber(where, properties, name, range);
  const position = findText(where, properties, 'StartingPosition');
  if (position !== 'TRIM_HORIZON' && position !== 'LATEST') {
    throw invalidProperty(where, 'StartingPosition', position, 'TRIM_HORIZON, LATEST');
  }
  number('TumblingWindowInSeconds', [0, 0]);
  const retryAttempts = number('MaximumRetryAttempts', [-1, RETRY_ATTEMPTS_MAX]) ?? -1;
  const recordAge = number('MaximumRecordAgeInSeconds', [-1, RECORD_AGE_SECONDS_MAX]) ?? -1;
  if (recordAge !== -1 && recordAge < RECORD_AGE_SECONDS_MIN) {
    throw invalidProperty(where, 'MaximumRecordAgeInSeconds', recordAge, `-1, or from ${RECORD_AGE_SECONDS_MIN} on`);
  }
  return {
    logicalId,
    functionKey: getText(where, properties, 'FunctionName'),
    streamArn: getText(where, properties, 'EventSourceArn'),
    enabled: findFlag(where, properties, 'Enabled') ?? true,
    startingPosition: position,
    batchSize: number('BatchSize', [1, BATCH_SIZE_MAX]) ?? BATCH_SIZE_DEFAULT,
    batchingWindowSeconds: number('MaximumBatchingWindowInSeconds', [0, BATCHING_WINDOW_SECONDS_MAX]) ?? 0,
    parallelizationFactor: number('ParallelizationFactor', [1, PARALLELIZATION_FACTOR_MAX]) ?? 1,
    retryAttemptsMax: retryAttempts === -1 ? undefined : retryAttempts,
    recordAgeSecondsMax: recordAge === -1 ? undefined : recordAge,
    bisectBatchOnFunctionError: findFlag(where, properties, 'BisectBatchOnFunctionError') ?? false,
    reportBatchItemFailures: readReportsFailures(where, properties),
    onFailureArn: readOnFailure(where, properties),
    filters: readFilters(where, properties),
  } satisfies MappingProperties;
}

export function readMappings(stack: Stack): readonly MappingProperties[] {
  return stack.resolve('AWS::Lambda::EventSourceMapping').map(readMapping);
}
