/** What a function tells: lines that a person and CloudWatch can both read, and what it takes from its environment. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { DeallocatorError, isDeallocatorError } from '../../lib/protocol/errors.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { Settled } from '../../lib/protocol/settle.ts';
import { markedAtEpochMillis, newMarkedAt } from '../../lib/protocol/time.ts';
import { readEnvironment } from '../../lib/streams/deployment.ts';
import { portsFromEnvironment } from '../../lib/streams/ports.ts';
import { type SweepRequest, sweepRequested } from '../../lib/streams/sweep-requested.ts';
import { type LogLevel, Telemetry } from '../../lib/streams/telemetry.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

const NOW = '2026-01-01T00:01:00.000Z';
const web = { kind: 'service', id: 'web' } as const;
const front = { kind: 'network', id: 'front' } as const;
const back = { kind: 'network', id: 'back' } as const;

function listen(logLevel?: LogLevel) {
  const lines: string[] = [];
  const telemetry = new Telemetry(
    {
      functionName: 'deallocator-task-deleted',
      namespace: 'Deallocator',
      nowEpochMillis: () => Date.parse(NOW),
      writeLine: (line) => lines.push(line),
      ...(logLevel && { logLevel }),
    },
    'request-1',
  );
  const parsed = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const metrics = () => parsed().filter((line) => '_aws' in line);
  return { telemetry, lines, parsed, metrics, decisions: () => parsed().filter((line) => !('_aws' in line)) };
}

const deleted = (more: Partial<Settled & { outcome: 'deleted' }> = {}): Settled => ({
  parent: web,
  rounds: 1,
  recounts: 0,
  outcome: 'deleted',
  markedAt: '2026-01-01T00:00:00.000Z#a1',
  freed: [],
  leftToHeal: 0,
  ...more,
});

/**
 * CloudWatch's own rules, from its specification of the embedded metric format, not from our code:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
function expectEmbeddedMetrics(line: Record<string, unknown>): void {
  const { _aws } = line as { _aws: Record<string, unknown> };
  expect(Object.keys(_aws).sort()).toEqual(['CloudWatchMetrics', 'Timestamp']);
  expect(Number.isInteger(_aws.Timestamp)).toBe(true);
  const directives = _aws.CloudWatchMetrics as Record<string, unknown>[];
  expect(Array.isArray(directives) && directives.length > 0).toBe(true);
  for (const directive of directives) {
    expect(directive.Namespace).toMatch(/^[\w./#:-]{1,255}$/);
    for (const set of directive.Dimensions as string[][]) {
      expect(set.length).toBeLessThanOrEqual(30);
      for (const name of set) expect(line[name]).toEqual(expect.stringMatching(/^[\x20-\x7e]{1,1024}$/));
    }
    const metrics = directive.Metrics as { Name: string; Unit: string }[];
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.length).toBeLessThanOrEqual(100);
    for (const { Name, Unit } of metrics) {
      expect(Name).toMatch(/^\w{1,1024}$/);
      expect(['Seconds', 'Count']).toContain(Unit);
      const values = [line[Name]].flat();
      expect(values.length).toBeGreaterThan(0);
      expect(values.length).toBeLessThanOrEqual(100);
      for (const value of values) expect(Number.isFinite(value)).toBe(true);
    }
  }
}

describe('an invocation', () => {
  it('ends with a line of metrics that CloudWatch reads, and one for each kind', () => {
    const { telemetry, lines, metrics } = listen();
    telemetry.settled(deleted({ freed: [front, back], rounds: 3, recounts: 2 }), 2);
    telemetry.decremented(web, 2, 1);
    telemetry.retried('throttled');
    telemetry.failed('service#api', new Error('broken'));
    telemetry.flush();
    expect(metrics()).toEqual([
      {
        _aws: {
          Timestamp: 1767225660000,
          CloudWatchMetrics: [
            {
              Namespace: 'Deallocator',
              Dimensions: [['function']],
              Metrics: expect.arrayContaining([
                { Name: 'Recounts', Unit: 'Count' },
                { Name: 'Conflicts', Unit: 'Count' },
                { Name: 'Decrements', Unit: 'Count' },
                { Name: 'Throttles', Unit: 'Count' },
                { Name: 'Failures', Unit: 'Count' },
                { Name: 'DrainSeconds', Unit: 'Seconds' },
              ]),
            },
          ],
        },
        function: 'deallocator-task-deleted',
        requestId: 'request-1',
        Recounts: [2],
        Conflicts: [2],
        Decrements: [1],
        Throttles: [1],
        Failures: [1],
        DrainSeconds: [60],
      },
      ...[
        ['service', 1],
        ['network', 2],
      ].map(([kind, deletions]) => ({
        _aws: {
          Timestamp: 1767225660000,
          CloudWatchMetrics: [
            {
              Namespace: 'Deallocator',
              Dimensions: [['function', 'kind']],
              Metrics: [{ Name: 'Deleted', Unit: 'Count' }],
            },
          ],
        },
        function: 'deallocator-task-deleted',
        kind,
        requestId: 'request-1',
        Deleted: [deletions],
      })),
    ]);
    for (const line of metrics()) expectEmbeddedMetrics(line);
    for (const line of lines) expect(line).not.toContain('\n');
  });

  it('names each metric once, and none that was not counted', () => {
    const { telemetry, metrics } = listen();
    telemetry.decremented(web, 1, 3);
    telemetry.decremented(web, 1, 2);
    telemetry.flush();
    const [line] = metrics() as { _aws: { CloudWatchMetrics: { Metrics: unknown }[] }; Decrements: number[] }[];
    expect(line?._aws.CloudWatchMetrics[0]?.Metrics).toEqual([{ Name: 'Decrements', Unit: 'Count' }]);
    expect(line?.Decrements).toEqual([2]);
  });

  it('writes no metrics when there are none, and none twice', () => {
    const { telemetry, metrics } = listen();
    telemetry.flush();
    expect(metrics()).toEqual([]);
    telemetry.count('Healed');
    telemetry.flush();
    telemetry.flush();
    expect(metrics()).toHaveLength(1);
  });

  it('puts at most 100 values of a metric into one line, and loses none', () => {
    const { telemetry, metrics } = listen();
    for (let n = 0; n < 250; n++) telemetry.settled(deleted(), 1);
    telemetry.flush();
    for (const line of metrics()) expectEmbeddedMetrics(line);
    const sizes = metrics().flatMap(({ DrainSeconds }) => (DrainSeconds as number[] | undefined)?.length ?? []);
    expect(sizes).toEqual([100, 100, 50]);
    const sum = metrics()
      .flatMap(({ Deleted = [] }) => Deleted as number[])
      .reduce((total, value) => total + value);
    expect(sum).toBe(250);
  });

  it('counts a retry by its reason', () => {
    const { telemetry, metrics } = listen();
    for (const failure of ['conflict', 'throttled', 'unanswered', 'throttled', 'conflict'] as const) {
      telemetry.retried(failure);
    }
    telemetry.flush();
    expect(metrics()).toMatchObject([{ Conflicts: [2], Throttles: [2], Unanswered: [1] }]);
  });
});

describe('a decision', () => {
  it('to delete says what went, and how long it had waited', () => {
    const { telemetry, decisions } = listen();
    telemetry.settled(deleted({ freed: [front], markedAt: '2026-01-01T00:00:57.500Z#a1' }), 4);
    expect(decisions()).toEqual([
      {
        level: 'INFO',
        at: NOW,
        function: 'deallocator-task-deleted',
        requestId: 'request-1',
        decision: 'deleted',
        parent: 'service#web',
        records: 4,
        rounds: 1,
        recounts: 0,
        markedAt: '2026-01-01T00:00:57.500Z#a1',
        freed: ['network#front'],
        leftToHeal: 0,
        drainSeconds: 2.5,
      },
    ]);
  });

  it('to delete counts the kind that was deleted, and each that went with it', () => {
    const { telemetry, metrics } = listen();
    telemetry.settled(deleted({ parent: front }), 0);
    telemetry.flush();
    expect(metrics()).toMatchObject([{ DrainSeconds: [60] }, { kind: 'network', Deleted: [1] }]);
  });

  it.each([['m1'], [''], ['#'], ['yesterday#a1'], ['2026-13-01T00:00:00.000Z#a1']])(
    'to delete under the mark %j says no time',
    (markedAt) => {
      const { telemetry, decisions, metrics } = listen();
      telemetry.settled(deleted({ markedAt }), 0);
      telemetry.flush();
      expect(decisions()[0]).not.toHaveProperty('drainSeconds');
      expect(metrics()).toMatchObject([{ kind: 'service', Deleted: [1] }]);
      expect(metrics()[0]).not.toHaveProperty('DrainSeconds');
    },
  );

  it('to wait counts as still draining, and says for how many', () => {
    const { telemetry, decisions, metrics } = listen();
    telemetry.settled({ parent: web, rounds: 1, recounts: 1, outcome: 'draining', remaining: 3 }, 1);
    telemetry.flush();
    expect(decisions()).toMatchObject([{ decision: 'draining', parent: 'service#web', remaining: 3, records: 1 }]);
    expect(metrics()).toMatchObject([{ StillDraining: [1], Recounts: [1] }]);
  });

  it.each(['yielded', 'not marked', 'absent'] as const)('%s is said, and is no metric', (outcome) => {
    const { telemetry, decisions, metrics } = listen();
    telemetry.settled({ parent: web, rounds: 1, recounts: 0, outcome }, 1);
    telemetry.flush();
    expect(decisions()).toMatchObject([{ decision: outcome, parent: 'service#web' }]);
    expect(metrics()).toEqual([]);
  });

  it('to heal counts each attachment, and nothing healed is not said', () => {
    const { telemetry, decisions, metrics } = listen();
    const network = (id: string) => ({ kind: 'network', id });
    telemetry.healed({ holder: web, put: [], removed: [] });
    telemetry.healed({ holder: web, put: [network('front')], removed: [network('back'), network('old')] });
    telemetry.flush();
    expect(decisions()).toMatchObject([
      {
        decision: 'healed',
        parent: 'service#web',
        put: 1,
        removed: 2,
        held: ['network#front', 'network#back', 'network#old'],
      },
    ]);
    expect(metrics()).toMatchObject([{ Healed: [3] }]);
  });

  it('that something is no mark is a warning with the value seen, and is counted', () => {
    const { telemetry, decisions, metrics } = listen();
    telemetry.malformedMark(web, 'S "true"');
    telemetry.flush();
    expect(decisions()).toMatchObject([
      {
        level: 'WARN',
        decision: 'malformed mark',
        parent: 'service#web',
        seen: 'S "true"',
        expected: 'the BOOL true',
      },
    ]);
    expect(metrics()).toMatchObject([{ MalformedMarks: [1] }]);
  });

  it('of the sweep is said with its fields', () => {
    const { telemetry, decisions } = listen();
    telemetry.swept({ trigger: 'schedule', complete: true, settled: 2 });
    expect(decisions()).toMatchObject([{ decision: 'swept', trigger: 'schedule', complete: true, settled: 2 }]);
  });

  it('survives ids that would break a line', () => {
    const { telemetry, lines, parsed } = listen();
    const id = 'a"\n\u2028\u0000\\#';
    telemetry.decremented({ kind: 'service', id }, 1, 1);
    expect(lines[0]).not.toContain('\n');
    expect(parsed()[0]?.parent).toBe(`service#${id}`);
  });
});

describe('an error', () => {
  it('carries its code and its cause', () => {
    const { telemetry, decisions } = listen();
    const cause = new RangeError('too far');
    telemetry.failed('service#web', new DeallocatorError('Unavailable', 'GetItem was tried 8 times', { cause }));
    expect(decisions()).toMatchObject([
      {
        level: 'ERROR',
        decision: 'failed',
        subject: 'service#web',
        code: 'Unavailable',
        error: 'GetItem was tried 8 times',
        cause: 'RangeError: too far',
      },
    ]);
  });

  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'of another kind carries its name',
      new TypeError('not a function'),
      { code: 'TypeError', error: 'not a function' },
    ],
    ['that is a text is said as it is', 'broken', { error: 'broken' }],
    ['that is undefined is said too', undefined, { error: 'undefined' }],
  ])('%s', (_, error, expected) => {
    const { telemetry, decisions } = listen();
    telemetry.failed('record 42', error);
    expect(decisions()[0]).toMatchObject({ level: 'ERROR', subject: 'record 42', ...expected });
    expect(decisions()[0]).not.toHaveProperty('cause');
  });
});

describe('a log level', () => {
  it.each([
    ['INFO', ['decremented', 'malformed mark', 'failed']],
    ['WARN', ['malformed mark', 'failed']],
    ['ERROR', ['failed']],
  ] as const)('%s leaves out what is below it, and no metric', (logLevel, expected) => {
    const { telemetry, decisions, metrics } = listen(logLevel);
    telemetry.decremented(web, 1, 2);
    telemetry.malformedMark(web, 'S');
    telemetry.failed('record 42', new Error('broken'));
    telemetry.flush();
    expect(decisions().map(({ decision }) => decision)).toEqual(expected);
    expect(metrics()).toMatchObject([{ Decrements: [1], MalformedMarks: [1], Failures: [1] }]);
  });
});

describe("a mark's time", () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is read back from the mark, and makes each mark unique', () => {
    const chance = testChance();
    expect(newMarkedAt(chance)).toBe('2026-01-01T00:00:00.000Z#fresh-1');
    expect(newMarkedAt(chance)).toBe('2026-01-01T00:00:00.000Z#fresh-2');
    expect(markedAtEpochMillis('2026-01-01T00:00:00.000Z#fresh-1')).toBe(1767225600000);
  });

  it.each(['release 2026-01-01T00:00', '2026-01-01T00:0', '2026-01-01'])('is unknown where %j stands', (markedAt) => {
    expect(markedAtEpochMillis(markedAt)).toBeUndefined();
  });

  it('is unknown, or right, where a raw writer left the suffix out', () => {
    vi.stubEnv('TZ', 'America/New_York');
    expect([undefined, 1767225600000]).toContain(markedAtEpochMillis('2026-01-01T00:00:00.000Z'));
  });
});

describe('the sweep', () => {
  const swept = async (fill: (tables: MemoryTables) => void, request: SweepRequest = {}) => {
    const tables = new MemoryTables();
    fill(tables);
    const lines: string[] = [];
    const chance = testChance();
    const ports = {
      openStore: () => memoryStore(tables),
      chance,
      plan: swarmkitPlan(),
      rules: DEFAULT_RULES,
      telemetry: {
        functionName: 'sweep',
        namespace: 'Deallocator',
        nowEpochMillis: chance.nowEpochMillis,
        writeLine: (line: string) => lines.push(line),
      },
    };
    await sweepRequested(ports)(request, { awsRequestId: 'r1', getRemainingTimeInMillis: () => 900_000 });
    return lines.map((line) => JSON.parse(line)).filter((line) => '_aws' in line);
  };

  it('tells that it has finished, and what it has deleted, unless it was asked for some by name', async () => {
    const fill = (tables: MemoryTables) =>
      tables.put('services', { id: 'web', pendingDelete: true, markedAt: '2025-12-31T23:00:00.000Z#a' });
    expect(await swept(fill)).toMatchObject([{ SweepsFinished: [1], SweptUp: [1] }, { Deleted: [1] }]);
    const named = Object.assign({}, ...(await swept(fill, { parents: ['service#web'] })));
    expect(named).toMatchObject({ Deleted: [1] });
    expect(named).not.toHaveProperty('SweepsFinished');
    expect(named).not.toHaveProperty('SweptUp');
  });

  it('tells that no mark is old: 0, not nothing', async () => {
    const metrics = await swept(() => {});
    expect(metrics).toMatchObject([{ OldestMarkSeconds: [0] }]);
    for (const line of metrics) expectEmbeddedMetrics(line);
  });

  it('tells the age of the oldest mark that it leaves', async () => {
    const metrics = await swept((tables) => {
      for (const [id, markedAt] of [
        ['old', '2025-12-31T23:00:00.000Z#a'],
        ['new', '2025-12-31T23:59:00.000Z#b'],
      ] as const) {
        tables.put('services', { id, pendingDelete: true, markedAt });
        tables.put('tasks', { serviceId: id, id: 't1' });
      }
      tables.put('services', { id: 'goes', pendingDelete: true, markedAt: '2025-01-01T00:00:00.000Z#c' });
    });
    expect(metrics).toMatchObject([
      { OldestMarkSeconds: [3600], StillDraining: [2] },
      { kind: 'service', Deleted: [1] },
    ]);
  });
});

describe("a function's ports", () => {
  const environment = {
    SERVICES_TABLE: 'S',
    TASKS_TABLE: 'T',
    NETWORKS_TABLE: 'N',
    ATTACHMENTS_TABLE: 'A',
    COUNTERS_TABLE: 'C',
    RECEIPTS_TABLE: 'R',
    LIFECYCLE: JSON.stringify(SWARMKIT),
    GRACE_PERIOD_SECONDS: '90',
    RECEIPT_DAYS: '30',
    DEALLOCATOR_FUNCTION: 'sweep',
    METRICS_NAMESPACE: 'Deallocator',
    LOG_LEVEL: 'WARN',
  };

  it('come from the environment', () => {
    const { telemetry, rules } = portsFromEnvironment(readEnvironment(environment));
    expect(rules).toEqual({
      gracePeriodMillis: 90_000,
      receiptDays: 30,
    });
    expect(telemetry).toMatchObject({ functionName: 'sweep', namespace: 'Deallocator', logLevel: 'WARN' });
    expect(telemetry.nowEpochMillis()).toBeGreaterThan(1767225600000);
  });

  it('write lines to the standard output, with nothing before them', () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      portsFromEnvironment(readEnvironment(environment)).telemetry.writeLine('{"a":1}');
      expect(write.mock.calls).toEqual([['{"a":1}\n']]);
    } finally {
      write.mockRestore();
    }
  });

  it.each(Object.keys(environment).flatMap((variable) => [[variable, undefined] as const, [variable, ''] as const]))(
    'refuses %s being %j by name',
    (variable, value) => {
      const caught = (() => {
        try {
          return portsFromEnvironment(readEnvironment({ ...environment, [variable]: value }));
        } catch (error) {
          return error;
        }
      })();
      expect(isDeallocatorError(caught, 'FailedPrecondition')).toBe(true);
      expect(String(caught)).toContain(`the environment variable ${variable} is not set`);
    },
  );

  it.each([
    ['GRACE_PERIOD_SECONDS', '-1'],
    ['GRACE_PERIOD_SECONDS', '1.5'],
    ['RECEIPT_DAYS', 'many'],
    ['LOG_LEVEL', 'warn'],
    ['DEALLOCATOR_FUNCTION', 'tasks'],
  ])('refuse %s being %j, and say what is allowed', (variable, value) => {
    expect(() => portsFromEnvironment(readEnvironment({ ...environment, [variable]: value }))).toThrow(
      expect.objectContaining({
        code: 'FailedPrecondition',
        message: expect.stringMatching(`^the environment variable ${variable} is "${value}", allowed: (a|d|y|INFO|s)`),
      }),
    );
  });
});
