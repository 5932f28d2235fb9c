/** Why something did not happen: its function is asked directly, with the record that should have reached it. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { attributeOf } from '../../dynamodb/client.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Check, Fault } from '../deployed/check.ts';
import { isTold, told } from '../deployed/told.ts';
import { isMap } from '../values.ts';
import type { Stage } from './stage.ts';

/** Characters of a log that a person gets to read. */
const LOG_SHOWN_CHARACTERS = 400;

type Image = Readonly<Record<string, unknown>>;

/** A record of a stream, as Lambda delivers it: forged, and harmless, for the function looks at the tables before it does anything. */
export interface Told {
  readonly before?: Image;
  readonly after?: Image;
}

export async function diagnose(
  stage: Stage,
  name: string,
  { before, after }: Told,
): Promise<Pick<Check, 'seen' | 'fix'> & { fault: Fault }> {
  const found = stage.functions[name] ?? { untold: `there is no function ${name}` };
  if (!isTold(found)) {
    return {
      fault: 'not delivered',
      seen: `why is not known: ${found.untold}`,
      fix: 'see the other checks, and the log of the function',
    };
  }
  const { fn } = found.told;
  const table = stage.database.plan.functions[name]?.table ?? '';
  const record = recordOf(stage, table, before, after);
  const invoked = await told(() => stage.around.invoke(fn.arn, { Records: [record] }));
  const logFix = `aws logs tail /aws/lambda/${fn.name} --since 15m`;
  if (!isTold(invoked)) {
    const isThrottled = /TooManyRequests|Rate Exceeded|throttl/i.test(invoked.untold);
    if (isThrottled)
      return {
        fault: 'throttled function',
        seen: `${fn.name} is throttled: ${invoked.untold}`,
        fix: `raise the account's concurrency, or that of ${fn.name}`,
      };
    return {
      fault: 'not delivered',
      seen: `why is not known: ${fn.name} could not be asked: ${invoked.untold}`,
      fix: logFix,
    };
  }
  const { error, answer, log } = invoked.told;
  const hasFailed = error !== undefined || failuresIn(answer) > 0;
  if (!hasFailed) {
    const seen = `${fn.name} does it when it is asked directly, so that its stream's records do not reach it`;
    return {
      fault: 'not delivered',
      seen,
      fix: `see the check "mapping of ${name}"; then "Records are lost" in docs/runbook.md`,
    };
  }
  return {
    ...causeOf(fn.name, `${log}\n${error ?? ''}`),
    ...(permissionIn(log + (error ?? '')) ? {} : { fix: logFix }),
  };
}

function failuresIn(answer: unknown): number {
  const failures = isMap(answer) ? answer.batchItemFailures : undefined;
  return Array.isArray(failures) ? failures.length : 0;
}

/** @param text what a function has logged, or a sweep has answered */
export function causeOf(functionName: string, text: string): { fault: Fault; seen: string; fix: string } {
  const permission = permissionIn(text);
  if (permission !== undefined) {
    const by = /resource-based policy/.test(text)
      ? 'the policy of the table denies it'
      : `the role of ${functionName} lacks it`;
    return {
      fault: 'missing permission',
      seen: `${functionName} may not do ${permission}: ${by}`,
      fix: 'deploy again: the construct grants it; see also the checks of the policies',
    };
  }
  return {
    fault: 'failing function',
    seen: `${functionName} fails: ${lastError(text)}`,
    fix: 'roll back, or correct what its log says',
  };
}

/** Action and resource of IAM's own sentence, or of ours. */
function permissionIn(text: string): string | undefined {
  const [, action, resource] =
    /(?:not authorized to perform:|may not do) (\w+:\w+)(?: on (?:resource: )?\\?"?([^\s"\\;,]+))?/.exec(text) ?? [];
  return action && (resource === undefined ? action : `${action} on ${resource}`);
}

function lastError(text: string): string {
  const lines = text.split('\n').filter((line) => /error/i.test(line));
  return (lines.at(-1) ?? text.trim()).slice(-LOG_SHOWN_CHARACTERS);
}

function recordOf({ database }: Stage, table: string, before: Image | undefined, after: Image | undefined) {
  const { partitionKey = '', sortKey, stream } = database.plan.tables[table] ?? {};
  const item = after ?? before ?? {};
  const keys = Object.fromEntries(
    [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].map((key) => [key, item[key]]),
  );
  const withImages = stream === 'NEW_AND_OLD_IMAGES';
  return {
    eventID: database.chance.fresh(),
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(database.chance.nowEpochMillis() / 1000),
      Keys: marshalled(keys),
      ...(withImages && before && { OldImage: marshalled(before) }),
      ...(withImages && after && { NewImage: marshalled(after) }),
      SequenceNumber: '1',
      SizeBytes: 1,
      StreamViewType: stream,
    },
  };
}

function marshalled(item: Image): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, attributeOf(value)]));
}

/** The end of a service's task. */
export function taskGone({ id: serviceId }: ItemKey, id: string): Told {
  return { before: { serviceId, id } };
}

/** The end of an attachment. */
export function attachmentGone(held: ItemKey, holder: ItemKey): Told {
  return { before: { held: itemName(held), holder: itemName(holder) } };
}

/** A parent's mark. */
export function marked({ id }: ItemKey, markedAt: string): Told {
  return { before: { id }, after: { id, pendingDelete: true, markedAt } };
}
