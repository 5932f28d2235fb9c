/** What the selftest says of what did not happen, and of what watches the deployment. */
import { describe, expect, it } from 'vitest';
import type { FoundFunctions } from '../../lib/operate/deployed/functions.ts';
import type { AlarmState, DeployedFunction, Invoked, Surroundings } from '../../lib/operate/deployed/surroundings.ts';
import { attachmentGone, diagnose, marked, taskGone } from '../../lib/operate/selftest/diagnosis.ts';
import type { Stage } from '../../lib/operate/selftest/stage.ts';
import { checkAlarms, checkDeadLetters, checkMetrics } from '../../lib/operate/selftest/watch.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests } from '../support/sdk-mock.ts';
import { FUNCTION_NAMES } from '../support/swarmkit.ts';

const web = { kind: 'service', id: 'web' } as const;

function stage(around: Partial<Surroundings>, untold?: string): Stage {
  const functions = Object.fromEntries(
    FUNCTION_NAMES.map((name) => {
      const fn: Partial<DeployedFunction> = {
        name: `Shop-${name}`,
        arn: name,
        environment: { METRICS_NAMESPACE: 'Shop' },
      };
      return [name, untold === undefined ? { told: { fn, mapping: undefined, doubles: [] } } : { untold }];
    }),
  ) as unknown as FoundFunctions;
  const database = mockedRequests().open(PHYSICAL_NAMES);
  return { around, functions, database, waitMillis: 1000, signal: new AbortController().signal } as Stage;
}

const invoking = (invoked: Partial<Invoked>) =>
  stage({ invoke: async () => ({ error: undefined, answer: null, log: '', ...invoked }) });
const rejecting = (message: string) => async () => {
  throw new Error(message);
};

describe('why something did not happen', () => {
  const DENIED =
    'User: arn:aws:sts::1:assumed-role/x is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:::table/Tasks because no identity-based policy allows it';

  it.each([
    [
      'its stream leads nowhere',
      invoking({}),
      'not delivered',
      /does it when it is asked directly/,
      /mapping of task-deleted/,
    ],
    [
      'its role lacks it',
      invoking({ error: '{}', log: DENIED }),
      'missing permission',
      /may not do dynamodb:Query on arn:\S+Tasks: the role of/,
      /deploy again/,
    ],
    [
      'the table denies it',
      invoking({ error: `${DENIED} with an explicit deny in a resource-based policy` }),
      'missing permission',
      /the policy of the table denies it/,
      /policies/,
    ],
    [
      'records fail',
      invoking({ answer: { batchItemFailures: [{ itemIdentifier: '1' }] }, log: 'one\nError: broken\nREPORT' }),
      'failing function',
      /Shop-task-deleted fails: Error: broken$/,
      /aws logs tail \/aws\/lambda\/Shop-task-deleted/,
    ],
    [
      'it crashes',
      invoking({ error: '{"errorMessage":"no handler"}' }),
      'failing function',
      /no handler/,
      /aws logs tail/,
    ],
    [
      'it is throttled',
      stage({ invoke: rejecting('Rate Exceeded.') }),
      'throttled function',
      /is throttled: Rate Exceeded/,
      /concurrency/,
    ],
    [
      'nobody may ask it',
      stage({ invoke: rejecting('no') }),
      'not delivered',
      /could not be asked: no/,
      /aws logs tail/,
    ],
    ['it is not known', stage({}, 'denied'), 'not delivered', /why is not known: denied/, /other checks/],
  ] as const)('%s', async (_, on, fault, seen, fix) => {
    expect(await diagnose(on, 'task-deleted', taskGone(web, '1'))).toEqual({
      fault,
      seen: expect.stringMatching(seen),
      fix: expect.stringMatching(fix),
    });
  });

  it('is asked with the record that should have reached it: images where the stream has them', async () => {
    const events: unknown[] = [];
    const invoke = async (_: string, event: unknown) => {
      events.push(event);
      return { error: undefined, answer: null, log: '' };
    };
    await diagnose(stage({ invoke }), 'task-deleted', taskGone(web, '1'));
    await diagnose(stage({ invoke }), 'service-updated', marked(web, '2026#x'));
    await diagnose(stage({ invoke }), 'attachment-deleted', attachmentGone({ kind: 'network', id: 'front' }, web));
    expect(events).toMatchObject([
      { Records: [{ eventName: 'REMOVE', dynamodb: { Keys: { serviceId: { S: 'web' }, id: { S: '1' } } } }] },
      { Records: [{ eventName: 'MODIFY', dynamodb: { NewImage: { pendingDelete: { BOOL: true } } } }] },
      { Records: [{ dynamodb: { Keys: { held: { S: 'network#front' }, holder: { S: 'service#web' } } } }] },
    ]);
    expect(JSON.stringify(events[2])).not.toContain('Image"');
  });
});

describe('what watches', () => {
  const alarm = (more: Partial<AlarmState> = {}): AlarmState => ({
    name: 'Errors',
    state: 'OK',
    reason: '',
    hasAction: true,
    about: ['AWS/Lambda', 'Shop-sweep'],
    ...more,
  });
  const alarms = (...all: AlarmState[]) => checkAlarms(stage({ alarms: async () => all }), 'https://sqs/1/Letters');

  it('are the deployment’s own alarms, by function, namespace, queue or table', async () => {
    const own = [
      alarm(),
      alarm({ about: ['Shop'] }),
      alarm({ about: ['AWS/SQS', 'Letters'] }),
      alarm({ about: [PHYSICAL_NAMES.tasks] }),
    ];
    const other = alarm({ state: 'ALARM', about: ['AWS/Lambda', 'Other-sweep'] });
    expect(await alarms(...own, other)).toMatchObject([{ result: 'passed', seen: '4 alarms' }]);
    expect(await alarms(other)).toMatchObject([{ result: 'not looked at' }]);
  });

  it('are alarms that ring, each by its name, and those that tell nobody', async () => {
    const found = await alarms(alarm(), alarm({ name: 'Oldest', state: 'ALARM', reason: 'too old' }));
    expect(found).toMatchObject([{ name: 'alarm Oldest', result: 'failed', fault: 'alarm', seen: 'too old' }]);
    const silent = await alarms(alarm({ hasAction: false }), alarm({ state: 'INSUFFICIENT_DATA' }));
    expect(silent[0]?.seen).toBe('2 alarms, 1 without data yet, 1 tell nobody: give them an action');
  });

  it('are dead letters and metrics, and what can’t be seen is said', async () => {
    expect(await checkDeadLetters(stage({ deadLetters: async () => 0 }))).toMatchObject({ result: 'passed' });
    const letters = await checkDeadLetters(stage({ deadLetters: async () => 2 }));
    expect(letters).toMatchObject({ fault: 'dead letters', seen: '2 in the queue' });
    let sums = 0;
    const late = stage({
      metricSum: async (...[namespace, metric, { kind }]) =>
        `${namespace} ${metric} ${kind}` === 'Shop Deleted service' && ++sums > 3 ? 1 : 0,
    });
    expect(await checkMetrics(late, 0)).toMatchObject({ result: 'passed' });
    expect(await checkMetrics(stage({ metricSum: async () => 0 }), 0)).toMatchObject({ fault: 'no metrics' });
    const blind = stage({ deadLetters: rejecting('no'), metricSum: rejecting('no'), alarms: rejecting('no') });
    const unseen = [
      await checkDeadLetters(blind),
      await checkMetrics(blind, 0),
      ...(await checkAlarms(blind, undefined)),
    ];
    expect(unseen.map(({ result, seen }) => [result, seen])).toEqual(unseen.map(() => ['not looked at', 'no']));
  });
});
