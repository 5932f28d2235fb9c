/**
 * What a function tells of an invocation: a structured line for each decision, and at its end lines of metrics in CloudWatch's
 * embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 *
 * Not with Powertools' logger and metrics: they keep their state in the module, so that two handlers in one process (every
 * test, and the simulation) would mix theirs; and they add 33 KB to each bundle for what is one JSON line here.
 */
import type { RetriedFailure } from '../dynamodb/retry.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { isDeallocatorError } from '../protocol/errors.ts';
import type { Healed } from '../protocol/heal.ts';
import { LOGGED_NAMES_MAX } from '../protocol/limits.ts';
import type { Settled } from '../protocol/settle.ts';
import { markedAtEpochMillis } from '../protocol/time.ts';
import { KIND_METRICS, type KindMetricName, METRICS, type MetricName } from './metrics.ts';

/** CloudWatch takes at most 100 values of a metric in one line. */
const METRIC_VALUES_MAX = 100;

export const LOG_LEVELS = ['INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface TelemetryOptions {
  readonly functionName: string;
  readonly namespace: string;
  /** Decisions below this level are not written; metrics always are. @default 'INFO' */
  readonly logLevel?: LogLevel;
  nowEpochMillis(): number;
  writeLine(line: string): void;
}

export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #requestId: string;
  readonly #metrics = new Map<MetricName, number[]>();
  readonly #ofKinds = new Map<string, Map<KindMetricName, number[]>>();

  constructor(options: TelemetryOptions, requestId: string) {
    this.#options = options;
    this.#requestId = requestId;
  }

  /** Adds to a sum. */
  count(metric: MetricName, by = 1): void {
    if (by !== 0) add(this.#metrics, metric, by);
  }

  /** Adds one to a sum of a kind's. */
  countOf(kind: string, metric: KindMetricName): void {
    const metrics = this.#ofKinds.get(kind) ?? new Map();
    this.#ofKinds.set(kind, metrics);
    add(metrics, metric, 1);
  }

  /** Adds one value beside the others. */
  observe(metric: MetricName, value: number): void {
    const values = [...(this.#metrics.get(metric) ?? []), value];
    this.#metrics.set(metric, values);
    if (values.length === METRIC_VALUES_MAX) this.flush();
  }

  retried(failure: RetriedFailure): void {
    const metrics = { conflict: 'Conflicts', throttled: 'Throttles', unanswered: 'Unanswered' } as const;
    this.count(metrics[failure]);
  }

  settled(settled: Settled, records: number): void {
    const { parent, outcome, rounds, recounts, ...rest } = settled;
    this.count('Recounts', recounts);
    this.count('Conflicts', rounds - 1);
    let drainSeconds: number | undefined;
    if (settled.outcome === 'deleted') {
      for (const { kind } of [parent, ...settled.freed]) this.countOf(kind, 'Deleted');
      const marked = markedAtEpochMillis(settled.markedAt);
      drainSeconds = marked && (this.#options.nowEpochMillis() - marked) / 1000;
      if (drainSeconds !== undefined) this.observe('DrainSeconds', drainSeconds);
    } else if (settled.outcome === 'draining') {
      this.count('StillDraining');
    } else if (settled.outcome === 'held') {
      this.count('Held');
    }
    const freed = settled.outcome === 'deleted' ? { freed: settled.freed.map(itemName) } : {};
    this.#log('INFO', outcome, {
      parent: itemName(parent),
      records,
      rounds,
      recounts,
      ...rest,
      ...freed,
      drainSeconds,
    });
  }

  /** A removal was counted. */
  decremented(parent: ItemKey, records: number, remaining: number): void {
    this.count('Decrements');
    this.#log('INFO', 'decremented', { parent: itemName(parent), records, remaining });
  }

  stopped(service: ItemKey, tasks: number): void {
    if (tasks === 0) return;
    this.count('TasksStopped', tasks);
    this.#log('INFO', 'stopped', { parent: itemName(service), tasks });
  }

  healed({ holder, put, removed }: Healed): void {
    if (put.length + removed.length === 0) return;
    this.count('Healed', put.length + removed.length);
    const held = [...put, ...removed].slice(0, LOGGED_NAMES_MAX).map(itemName);
    this.#log('INFO', 'healed', { parent: itemName(holder), put: put.length, removed: removed.length, held });
  }

  /** It deletes nothing, but its writer probably waits for a deletion. */
  malformedMark(parent: ItemKey, seen: string): void {
    this.count('MalformedMarks');
    this.#log('WARN', 'malformed mark', { parent: itemName(parent), seen, expected: 'the BOOL true' });
  }

  failed(subject: string, error: unknown): void {
    this.count('Failures');
    this.#log('ERROR', 'failed', { subject, ...described(error) });
  }

  swept(fields: Record<string, unknown>): void {
    this.#log('INFO', 'swept', fields);
  }

  /** Writes the metrics: a line, and one for each kind, as a line has one value of a dimension. Nothing when nothing was counted. */
  flush(): void {
    this.#writeMetrics(this.#metrics, METRICS);
    for (const [kind, metrics] of this.#ofKinds) this.#writeMetrics(metrics, KIND_METRICS, { kind });
  }

  #writeMetrics<Name extends string>(
    metrics: Map<Name, number[]>,
    units: Readonly<Record<Name, string>>,
    more: Readonly<Record<string, string>> = {},
  ): void {
    if (metrics.size === 0) return;
    this.#write({
      _aws: {
        Timestamp: this.#options.nowEpochMillis(),
        CloudWatchMetrics: [
          {
            Namespace: this.#options.namespace,
            Dimensions: [['function', ...Object.keys(more)]],
            Metrics: [...metrics.keys()].map((name) => ({ Name: name, Unit: units[name] })),
          },
        ],
      },
      function: this.#options.functionName,
      ...more,
      requestId: this.#requestId,
      ...Object.fromEntries(metrics),
    });
    metrics.clear();
  }

  #log(level: LogLevel, decision: string, fields: Record<string, unknown>): void {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.#options.logLevel ?? 'INFO')) return;
    const at = new Date(this.#options.nowEpochMillis()).toISOString();
    const { functionName } = this.#options;
    this.#write({ level, at, function: functionName, requestId: this.#requestId, decision, ...fields });
  }

  #write(line: Record<string, unknown>): void {
    this.#options.writeLine(JSON.stringify(line));
  }
}

function add<Name>(metrics: Map<Name, number[]>, metric: Name, by: number): void {
  metrics.set(metric, [(metrics.get(metric)?.[0] ?? 0) + by]);
}

function described(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = isDeallocatorError(error) ? error.code : error.name;
  return { code, error: error.message, cause: error.cause === undefined ? undefined : String(error.cause) };
}
