/** AWS::Events::Rule: rates on timers, and the event that CloudFormation sends once a stack is deployed. */
import { randomUUID } from 'node:crypto';
import { TIMER_MILLIS_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { ACCOUNT_ID, REGION, stackIdOf } from '../template/intrinsics.ts';
import {
  checkProperties,
  findText,
  getText,
  invalidProperty,
  type Properties,
  readList,
} from '../template/properties.ts';
import type { Stack } from '../template/stack.ts';
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

const RULE_PROPERTIES = {
  used: ['Name', 'ScheduleExpression', 'EventPattern', 'State', 'Targets'],
  ignored: ['Description', 'Tags', 'EventBusName'],
};
/** The ignored ones are about a target that can't be reached, and here it always can. */
const TARGET_PROPERTIES = { used: ['Arn', 'Id', 'Input'], ignored: ['RetryPolicy', 'DeadLetterConfig'] };

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

function readTarget(where: string, target: Properties): Target {
  checkProperties(`${where}, Targets`, target, TARGET_PROPERTIES);
  const input = findText(where, target, 'Input');
  return { functionKey: getText(where, target, 'Arn'), input: input === undefined ? undefined : JSON.parse(input) };
}

function readRule(logicalId: string, name: string, arn: string, properties: Properties): Rule {
  const where = `rule "${logicalId}"`;
  checkProperties(where, properties, RULE_PROPERTIES);
  const expression = findText(where, properties, 'ScheduleExpression');
  const pattern = properties.EventPattern as { readonly source?: readonly string[] } | undefined;
  if (pattern !== undefined && !(pattern.source?.length === 1 && pattern.source[0] === 'aws.cloudformation')) {
    throw new LocalError(
      'schedule.unsupportedPattern',
      `${where} listens to ${JSON.stringify(pattern.source)}; only "aws.cloudformation" sends events here`,
    );
  }
  const state = findText(where, properties, 'State') ?? 'ENABLED';
  if (!['ENABLED', 'DISABLED'].includes(state)) throw invalidProperty(where, 'State', state, 'ENABLED, DISABLED');
  return {
    name,
    arn,
    enabled: state === 'ENABLED',
    intervalMillis: expression === undefined ? undefined : readRateMillis(expression),
    matches: pattern === undefined ? undefined : compilePattern(pattern),
    targets: (readList(where, properties, 'Targets') as readonly Properties[]).map((target) =>
      readTarget(where, target),
    ),
  };
}

export function readRules(stack: Stack): readonly Rule[] {
  return stack.resolve('AWS::Events::Rule').map(({ logicalId, name, arn, properties }) => {
    return readRule(logicalId, name, arn, properties);
  });
}

function createEvent(source: string, detailType: string, resource: string, detail: unknown) {
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const identity = { version: '0', id: randomUUID(), account: ACCOUNT_ID, region: REGION };
  return { ...identity, 'detail-type': detailType, source, time, resources: [resource], detail };
}

export class Schedule {
  readonly #rules: readonly Rule[];
  readonly #stackName: string;
  readonly #clockRate: number;
  readonly #send: (functionKey: string, event: unknown) => void;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(
    rules: readonly Rule[],
    options: {
      readonly stackName: string;
      readonly clockRate: number;
      readonly send: (functionKey: string, event: unknown) => void;
    },
  ) {
    this.#rules = rules.filter((rule) => rule.enabled);
    this.#stackName = options.stackName;
    this.#clockRate = options.clockRate;
    this.#send = options.send;
  }

  #fire(rule: Rule, event: unknown): void {
    for (const target of rule.targets) this.#send(target.functionKey, target.input ?? event);
  }

  /** The first time is one interval from now, as at AWS. */
  start(): void {
    for (const rule of this.#rules) {
      if (rule.intervalMillis === undefined) continue;
      const intervalMillis = Math.min(rule.intervalMillis / this.#clockRate, TIMER_MILLIS_MAX);
      const fire = () => this.#fire(rule, createEvent('aws.events', 'Scheduled Event', rule.arn, {}));
      this.#timers.push(setInterval(fire, intervalMillis));
    }
  }

  announceDeployment(): void {
    const stackId = stackIdOf(this.#stackName);
    const event = createEvent('aws.cloudformation', 'CloudFormation Stack Status Change', stackId, {
      'stack-id': stackId,
      'status-details': { status: 'CREATE_COMPLETE', 'status-reason': '' },
      'client-request-token': '',
    });
    for (const rule of this.#rules) if (rule.matches?.(event)) this.#fire(rule, event);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
