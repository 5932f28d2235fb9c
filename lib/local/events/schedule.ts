/** AWS::Events::Rule: rates on timers, and the event that CloudFormation sends once a stack is deployed. */
import { randomUUID } from 'node:crypto';
import { TIMER_MILLIS_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { ACCOUNT_ID, REGION, stackIdOf } from '../template/intrinsics.ts';
import type { PropertyReader } from '../template/properties.ts';
import type { NamedResource, Stack } from '../template/stack.ts';
import { compilePattern } from './pattern.ts';

interface Target {
  readonly functionKey: string;
  /** Undefined: the event itself. */
  readonly input: unknown;
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly enabled: boolean;
  readonly intervalMillis: number | undefined;
  readonly matches: ((event: unknown) => boolean) | undefined;
  readonly targets: readonly Target[];
}

const MILLIS_PER_UNIT: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** `rate(15 minutes)` → 900,000. Throws `schedule.unsupportedExpression`. */
export function readRateMillis(expression: string): number {
  const match = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/.exec(expression);
  if (match !== null) return Number(match[1]) * (MILLIS_PER_UNIT[match[2] ?? ''] ?? 0);
  throw new LocalError(
    'schedule.unsupportedExpression',
    `the local cloud knows rate(n minutes|hours|days), not "${expression}"`,
  );
}

function readTarget(target: PropertyReader): Target {
  // They are for targets that can't be reached. Here a target always can.
  target.ignore('Id', 'RetryPolicy', 'DeadLetterConfig');
  const input = target.findText('Input');
  return { functionKey: target.text('Arn'), input: input === undefined ? undefined : JSON.parse(input) };
}

function readRule(properties: PropertyReader, { logicalId, name, arn }: NamedResource): Rule {
  properties.ignore('Description', 'Tags', 'EventBusName');
  const expression = properties.findText('ScheduleExpression');
  const pattern = properties.value('EventPattern') as { readonly source?: readonly string[] } | undefined;
  if (pattern !== undefined && !(pattern.source?.length === 1 && pattern.source[0] === 'aws.cloudformation')) {
    throw new LocalError(
      'schedule.unsupportedPattern',
      `rule "${logicalId}" listens to ${JSON.stringify(pattern.source)}; only "aws.cloudformation" sends events here`,
    );
  }
  const state = properties.findText('State') ?? 'ENABLED';
  if (!['ENABLED', 'DISABLED'].includes(state)) throw properties.invalid('State', 'ENABLED, DISABLED');
  return {
    name,
    arn,
    enabled: state === 'ENABLED',
    intervalMillis: expression === undefined ? undefined : readRateMillis(expression),
    matches: pattern === undefined ? undefined : compilePattern(pattern),
    targets: properties.objects('Targets').map(readTarget),
  };
}

export function readRules(stack: Stack): readonly Rule[] {
  return stack.read('AWS::Events::Rule', readRule);
}

function createEvent(source: string, detailType: string, resource: string, detail: unknown) {
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const identity = { version: '0', id: randomUUID(), account: ACCOUNT_ID, region: REGION };
  return { ...identity, 'detail-type': detailType, source, time, resources: [resource], detail };
}

/**
 * Starts the rules' timers, and tells those that listen to it that the stack is deployed. A rate fires for the first time one
 * interval from now, as at AWS. Returns what stops it.
 */
export function startSchedule(
  rules: readonly Rule[],
  stackName: string,
  clockRate: number,
  send: (functionKey: string, event: unknown) => void,
): () => void {
  const enabled = rules.filter((rule) => rule.enabled);
  const fire = (rule: Rule, event: unknown) => {
    for (const target of rule.targets) send(target.functionKey, target.input ?? event);
  };
  const timers = enabled.flatMap((rule) => {
    if (rule.intervalMillis === undefined) return [];
    const tick = () => fire(rule, createEvent('aws.events', 'Scheduled Event', rule.arn, {}));
    return [setInterval(tick, Math.min(rule.intervalMillis / clockRate, TIMER_MILLIS_MAX))];
  });
  const stackId = stackIdOf(stackName);
  const deployed = createEvent('aws.cloudformation', 'CloudFormation Stack Status Change', stackId, {
    'stack-id': stackId,
    'status-details': { status: 'CREATE_COMPLETE', 'status-reason': '' },
    'client-request-token': '',
  });
  for (const rule of enabled) if (rule.matches?.(deployed)) fire(rule, deployed);
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}
