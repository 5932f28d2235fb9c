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
import type { PropertyReader } from '../template/properties.ts';
import type { Stack } from '../template/stack.ts';
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
  /** A record is delivered if one of them matches. Without filters every record is. */
  readonly filters: readonly FilterPattern[];
}

function readFilters(properties: PropertyReader): readonly FilterPattern[] {
  const criteria = properties.object('FilterCriteria');
  const filters = criteria.objects('Filters');
  if (filters.length > FILTERS_MAX) throw criteria.invalid('Filters', `at most ${FILTERS_MAX}`);
  return filters.map((filter) => compilePattern(filter.value('Pattern')));
}

function readReportsFailures(properties: PropertyReader): boolean {
  const types = properties.list('FunctionResponseTypes');
  if (types.every((type) => type === 'ReportBatchItemFailures')) return types.length > 0;
  throw properties.invalid('FunctionResponseTypes', '["ReportBatchItemFailures"]');
}

/** Undefined for -1, which stands for "no limit". */
function readLimit(
  properties: PropertyReader,
  name: string,
  [min, max]: readonly [number, number],
): number | undefined {
  const limit = properties.findNumber(name, [-1, max]) ?? -1;
  if (limit === -1) return undefined;
  if (limit < min) throw properties.invalid(name, `-1, or from ${min} on`);
  return limit;
}

function readMapping(properties: PropertyReader, logicalId: string): MappingProperties {
  properties.ignore('MetricsConfig', 'KmsKeyArn', 'Tags');
  const startingPosition = properties.findText('StartingPosition');
  if (startingPosition !== 'TRIM_HORIZON' && startingPosition !== 'LATEST') {
    throw properties.invalid('StartingPosition', 'TRIM_HORIZON, LATEST');
  }
  properties.findNumber('TumblingWindowInSeconds', [0, 0]);
  const window = properties.findNumber('MaximumBatchingWindowInSeconds', [0, BATCHING_WINDOW_SECONDS_MAX]);
  return {
    logicalId,
    functionKey: properties.text('FunctionName'),
    streamArn: properties.text('EventSourceArn'),
    enabled: properties.findFlag('Enabled') ?? true,
    startingPosition,
    batchSize: properties.findNumber('BatchSize', [1, BATCH_SIZE_MAX]) ?? BATCH_SIZE_DEFAULT,
    batchingWindowSeconds: window ?? 0,
    parallelizationFactor: properties.findNumber('ParallelizationFactor', [1, PARALLELIZATION_FACTOR_MAX]) ?? 1,
    retryAttemptsMax: readLimit(properties, 'MaximumRetryAttempts', [0, RETRY_ATTEMPTS_MAX]),
    recordAgeSecondsMax: readLimit(properties, 'MaximumRecordAgeInSeconds', [
      RECORD_AGE_SECONDS_MIN,
      RECORD_AGE_SECONDS_MAX,
    ]),
    bisectBatchOnFunctionError: properties.findFlag('BisectBatchOnFunctionError') ?? false,
    reportBatchItemFailures: readReportsFailures(properties),
    onFailureArn: properties.object('DestinationConfig').object('OnFailure').findText('Destination'),
    filters: readFilters(properties),
  };
}

export function readMappings(stack: Stack): readonly MappingProperties[] {
  return stack.read('AWS::Lambda::EventSourceMapping', (properties, { logicalId }) =>
    readMapping(properties, logicalId),
  );
}
