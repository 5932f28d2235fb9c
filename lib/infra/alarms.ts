/** The alarms, each with what it means and with the runbook's section that says what to do. */
import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarmAction,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Rules } from '../protocol/rules.ts';
import {
  ALARM_METRICS_MAX,
  ALARMS,
  type AlarmSeverity,
  type Definition,
  SEVERITIES,
  type Watched,
} from './alarm-definitions.ts';
import { type AlarmOption, type AlarmThresholds, readThresholds } from './alarm-options.ts';
import { type NameProps, nameWith } from './names.ts';
import { refuse } from './refusal.ts';

export interface AlarmProps {
  /**
   * When to ring, alarm by alarm; `false` leaves all of them out. In 2026 CloudWatch charges $0.10 a month for each of the
   * 15 that there are by default. The options for more tell what these cost.
   * @default - the alarms on what goes wrong, and not those on causes and costs, as their options say
   */
  readonly alarms?: AlarmThresholds | false;

  /**
   * What every alarm does when it begins to ring and `alarmActions` says nothing else, such as `new SnsAction(topic)`.
   * @default - nothing: the alarms only show their state
   */
  readonly alarmAction?: IAlarmAction;

  /**
   * What single alarms do instead, by the option that chooses them (`oldestMark`), or by their severity: `urgent` means that
   * records get lost within a day or that nothing is deleted any more, `notice` that it can wait for the next working day. The
   * option goes before the severity, and that before `alarmAction`. Each alarm's description tells its severity.
   * @default - `alarmAction`
   */
  readonly alarmActions?: Readonly<Partial<Record<AlarmOption | AlarmSeverity | 'composite', IAlarmAction>>>;

  /**
   * Whether there is one alarm that rings while any of the others does, with the action `alarmActions.composite`, else
   * `alarmAction`: for one page on a status board. In 2026 CloudWatch charges $0.50 a month for it.
   * @default false
   */
  readonly compositeAlarm?: boolean;

  /**
   * Where the runbook is that each alarm's description points to, without the `#section`.
   * @default the runbook of this package, on GitHub
   */
  readonly runbookUrl?: string;
}

/** Whoever is woken has the alarm's text, and not this repository. */
const RUNBOOK_URL_DEFAULT = 'https://github.com/deallocator/deallocator/blob/main/docs/runbook.md';

/** CloudWatch's. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const DESCRIPTION_CHARACTERS_MAX = 1024;

export function createAlarms(
  scope: Construct,
  watched: Watched,
  props: AlarmProps & NameProps,
  { gracePeriodMillis }: Rules,
): Alarm[] {
  if (props.alarms === false) return [];
  const thresholds = readThresholds(scope, props.alarms ?? {}, gracePeriodMillis);
  refuseTooManyTables(scope, thresholds, Object.keys(watched.tables).length);
  const parent = new Construct(scope, 'Alarms');
  const alarms = (Object.keys(ALARMS) as AlarmOption[]).flatMap((option) => {
    const threshold = thresholds[option];
    const definitions = threshold === undefined ? [] : ALARMS[option](threshold, watched);
    return definitions.map((definition) => createAlarm(parent, option, definition, props));
  });
  if (props.compositeAlarm && alarms.length > 0) createComposite(parent, alarms, props);
  return alarms;
}

/** A budget is one sum, so it can't be cut into several alarms. */
function refuseTooManyTables(
  scope: Construct,
  thresholds: Readonly<Record<AlarmOption, number | undefined>>,
  tables: number,
): void {
  const chosen = (['consumedWriteUnits', 'consumedReadUnits'] as const).filter((one) => thresholds[one] !== undefined);
  if (chosen.length === 0 || tables <= ALARM_METRICS_MAX) return;
  refuse(
    scope,
    `alarms.${chosen.join(', alarms.')}: this deployment has ${tables} tables, and an alarm can watch ${ALARM_METRICS_MAX} metrics; leave that out, and set a budget in AWS Budgets`,
  );
}

function createAlarm(
  parent: Construct,
  option: AlarmOption,
  { id, metric, threshold, meaning, section, comparison, missing }: Definition,
  props: AlarmProps & NameProps,
): Alarm {
  const severity = SEVERITIES[option];
  const runbook = props.runbookUrl ?? RUNBOOK_URL_DEFAULT;
  const alarmDescription = `Deallocator: ${meaning} Severity: ${severity}. What to do: ${runbook}#${section}`;
  if (alarmDescription.length > DESCRIPTION_CHARACTERS_MAX) {
    refuse(
      parent,
      `runbookUrl has ${runbook.length} characters, too many for an alarm's description; choose a shorter one`,
    );
  }
  const alarm = new Alarm(parent, id, {
    alarmName: nameWith(props.resourcePrefix, id),
    metric,
    threshold,
    alarmDescription,
    evaluationPeriods: 1,
    comparisonOperator: comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
  });
  const action = props.alarmActions?.[option] ?? props.alarmActions?.[severity] ?? props.alarmAction;
  if (action !== undefined) alarm.addAlarmAction(action);
  return alarm;
}

function createComposite(parent: Construct, alarms: readonly Alarm[], props: AlarmProps & NameProps): void {
  const composite = new CompositeAlarm(parent, 'Any', {
    compositeAlarmName: nameWith(props.resourcePrefix, 'Any'),
    alarmDescription: `Deallocator: an alarm rings. What to do: ${props.runbookUrl ?? RUNBOOK_URL_DEFAULT}#any-alarm`,
    alarmRule: AlarmRule.anyOf(...alarms),
  });
  const action = props.alarmActions?.composite ?? props.alarmAction;
  if (action !== undefined) composite.addAlarmAction(action);
}
