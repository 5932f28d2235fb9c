/** What bounds a lifecycle, with unit, reason and source. */
import { TRANSACTION_ACTIONS_MAX } from '../protocol/limits.ts';

/**
 * Characters of the name of a kind, a table or a part: functions are named after kinds, with a hyphen before each capital, and have
 * 64 characters for that, `-updated` and a prefix. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
 */
export const NAME_CHARACTERS_MAX = 32;

/** Maps and lists within each other. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
export const PATH_STEPS_MAX = 32;

/**
 * Filters of one event source mapping, and characters of each.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
export const FILTERS_MAX = 5;
export const FILTER_CHARACTERS_MAX = 4096;

/**
 * Bytes of a lifecycle as JSON. It travels in the environment of the functions, which holds 4 KB in all; the other half is for the
 * names of the tables and the rules. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const LIFECYCLE_BYTES_MAX = 2048;

/**
 * Characters of all policies that are written into one role, without white space.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const ROLE_POLICY_CHARACTERS_MAX = 10_240;
/** Of these, what a function's role has beside its tables: stream, queue, log and traces. */
export const ROLE_RESERVE_CHARACTERS = 2048;
/**
 * The longest ARN of a table that an estimate counts with: partition, Region and account at their longest, and 128 characters of
 * a name. CloudFormation makes names from stack and construct, of some 80 characters.
 */
export const TABLE_ARN_CHARACTERS = 'arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/'.length + 128;

/**
 * Bytes of a table's own policy, and of one role's ARN in it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
 */
export const TABLE_POLICY_BYTES_MAX = 20_480;
export const ROLE_ARN_CHARACTERS = 'arn:aws-us-gov:iam::123456789012:role/'.length + 64;
/** What a table's policy has beside the roles that may delete: four statements. */
export const TABLE_POLICY_RESERVE_BYTES = 2048;

/** Actions of a deletion beside what it holds: the item, its counter, the receipt. */
const OWN_ACTIONS = 3;

/**
 * Things that an item of a kind may hold, where all of them can go along with it: each needs three actions, its attachment, itself
 * and its counter. 3 + 3 · 32 = 99 of 100.
 */
export const HELD_TOGETHER_MAX = Math.floor((TRANSACTION_ACTIONS_MAX - OWN_ACTIONS) / 3);

/**
 * Things that an item may hold of several kinds. Who creates it puts it, checks each thing that it lies under, and checks and
 * attaches each that it holds, in one transaction: 1 + 3 + 2 · 48 = 100. What does not fit beside them goes one record later.
 */
export const UNDER_MAX = 3;
export const HELD_MAX = Math.floor((TRANSACTION_ACTIONS_MAX - 1 - UNDER_MAX) / 2);

/** How many held things can go in the transaction of an item that holds so many: 3 + held + 2 · these ≤ 100. */
export function goingAlongMax(held: number): number {
  return Math.max(0, Math.min(held, Math.floor((TRANSACTION_ACTIONS_MAX - OWN_ACTIONS - held) / 2)));
}
