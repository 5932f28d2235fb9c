/**
 * Lets one principal delete from one guarded table for a while, and puts the policy back. The table is never without a policy:
 * everybody else stays denied, whatever becomes of this program.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Requests } from '../../dynamodb/requests.ts';
import { describeTable, readPolicy, type TablePolicy, writePolicy } from '../../dynamodb/table-facts.ts';
import type { Chance } from '../../protocol/chance.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { wordsOf } from './told.ts';

/**
 * DynamoDB takes no further change of a policy for 15 seconds, and a change takes some seconds to hold.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
 */
const POLICY_PAUSE_MILLIS = 16_000;
/** Tries to put the policy back: together longer than what blocks a change, many times over. */
const RESTORE_TRIES_MAX = 10;
/** What a principal must be: neither a session, which has another ARN than its role, nor everybody. */
const PRINCIPAL = /^arn:[\w-]+:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/;
const DELETE = 'dynamodb:DeleteItem';

type Statement = Record<string, unknown> & {
  readonly Sid?: string;
  readonly Condition?: Record<string, Record<string, unknown>>;
};

export interface BreakGlassOptions {
  readonly table: string;
  /** The ARN of a role or a user. */
  readonly principal: string;
  /** Keeps the policy where a person finds it, before anything is changed. Resolves with the place's name. */
  readonly keep: (policy: string) => Promise<string>;
  /** What is done meanwhile; as the principal. */
  readonly act: () => Promise<void>;
  readonly say: (what: string) => void;
  readonly chance: Chance;
}

/** The policy with one more principal that may delete: what else its statements deny, they go on denying to everyone. */
export function withException(policy: string, principal: string): string {
  const document = JSON.parse(policy) as { Statement: Statement | Statement[] };
  const Statement = [document.Statement].flat().flatMap((statement) => {
    const actions = [statement.Action].flat();
    if (statement.Effect !== 'Deny' || !actions.includes(DELETE) || isOfSome(statement)) return [statement];
    const others = actions.filter((action) => action !== DELETE);
    const Sid = `${statement.Sid ?? 'Deletes'}ButOne`;
    const rest = { ...statement, Action: others };
    return [exceptFor({ ...statement, Sid, Action: [DELETE] }, principal), ...(others.length > 0 ? [rest] : [])];
  });
  return JSON.stringify({ ...document, Statement });
}

/** It says whom it denies, as that of the replication does: nobody need be excepted. */
function isOfSome({ Condition = {} }: Statement): boolean {
  return Object.keys(Condition).some((operator) => !operator.includes('Not'));
}

function exceptFor({ Condition = {}, ...statement }: Statement, principal: string): Statement {
  const named = [Condition.ArnNotEquals?.['aws:PrincipalArn'] ?? []].flat();
  const ArnNotEquals = { ...Condition.ArnNotEquals, 'aws:PrincipalArn': [...named, principal] };
  return { ...statement, Condition: { ...Condition, ArnNotEquals } };
}

/** Resolves when the policy is back as it was. */
export async function breakGlass(requests: Requests, options: BreakGlassOptions): Promise<void> {
  const { table, principal, say, chance } = options;
  if (!PRINCIPAL.test(principal)) {
    throw new DeallocatorError(
      'InvalidArgument',
      `the principal is "${principal}", allowed: the ARN of one role or user, such as arn:aws:iam::123456789012:role/Admin`,
    );
  }
  const { arn } = await describeTable(requests, table);
  const before = await readPolicy(requests, arn);
  if (before === undefined) {
    throw new DeallocatorError(
      'FailedPrecondition',
      `${table} has no policy, so that there is nothing to go around; "deallocator audit --deployed" says which one it needs`,
    );
  }
  if (before.text.includes(`"${principal}"`)) {
    throw new DeallocatorError(
      'FailedPrecondition',
      `the policy of ${table} names ${principal} already: a former call may not have put it back; "deallocator audit --deployed" says which one it needs`,
    );
  }
  const text = withException(before.text, principal);
  if (!text.includes(principal)) {
    throw new DeallocatorError(
      'FailedPrecondition',
      `the policy of ${table} denies no DeleteItem, so that there is nothing to go around`,
    );
  }
  const place = await options.keep(before.text);
  say(`kept the policy of ${table} in ${place}`);
  await writePolicy(requests, arn, { ...before, text });
  try {
    say(`from now on ${principal} may delete from ${table}; waiting until that holds`);
    await chance.pause(POLICY_PAUSE_MILLIS);
    await options.act();
  } finally {
    await restore(requests, arn, before, { ...options, place });
  }
}

async function restore(
  requests: Requests,
  arn: string,
  { text }: TablePolicy,
  { table, say, chance, place }: BreakGlassOptions & { readonly place: string },
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await writePolicy(requests, arn, { text });
      const now = await readPolicy(requests, arn);
      if (now === undefined || !isDeepStrictEqual(JSON.parse(now.text), JSON.parse(text)))
        throw new Error('it is another one');
      say(`the policy of ${table} is back as it was; run "deallocator audit --repair"`);
      return;
    } catch (cause) {
      if (tries === RESTORE_TRIES_MAX) {
        throw new DeallocatorError(
          'Unavailable',
          `the policy of ${table} could not be put back in ${tries} tries: ${wordsOf(cause)}; do it by hand: aws dynamodb put-resource-policy --resource-arn ${arn} --policy file://${place}`,
          { cause },
        );
      }
      say(`the policy of ${table} is not back yet: ${wordsOf(cause)}`);
      await chance.pause(POLICY_PAUSE_MILLIS);
    }
  }
}
