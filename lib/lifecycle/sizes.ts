/** Whether what follows from a lifecycle fits into what AWS takes. A part of the plan. */
import {
  FILTER_CHARACTERS_MAX,
  ROLE_ARN_CHARACTERS,
  ROLE_POLICY_CHARACTERS_MAX,
  ROLE_RESERVE_CHARACTERS,
  TABLE_ARN_CHARACTERS,
  TABLE_POLICY_BYTES_MAX,
  TABLE_POLICY_RESERVE_BYTES,
} from './limits.ts';
import type { Permissions } from './permissions.ts';
import { type Refusal, refusal } from './refusals.ts';
import type { StreamFunctionPlan, TablePlan } from './tables.ts';

export function findTooLarge(
  tables: Readonly<Record<string, TablePlan>>,
  functions: Readonly<Record<string, StreamFunctionPlan>>,
  permissions: Readonly<Record<string, Permissions>>,
): Refusal[] {
  const refuse = (kind: string | undefined, what: string, instead: string) => refusal('tooLarge', kind, what, instead);
  const apart = 'make two lifecycles of kinds that do not depend on each other';
  const filters = Object.values(functions).flatMap(({ kinds, filters: all }) => {
    const longest = Math.max(0, ...all.map((pattern) => JSON.stringify(pattern).length));
    if (longest <= FILTER_CHARACTERS_MAX) return [];
    const what = `makes a filter of ${longest} characters, and Lambda takes ${FILTER_CHARACTERS_MAX}`;
    return [refuse(kinds[0], what, 'name fewer or shorter texts in goneWhen')];
  });
  const roles = Object.entries(permissions).flatMap(([name, own]) => {
    const characters = policyCharacters(own);
    if (characters <= ROLE_POLICY_CHARACTERS_MAX) return [];
    const what = `gives the function ${name} a policy of up to ${characters} characters, and IAM takes ${ROLE_POLICY_CHARACTERS_MAX}`;
    return [refuse(undefined, what, apart)];
  });
  const policies = Object.keys(tables).flatMap((table) => {
    const deleting = Object.values(permissions).filter((own) => own[table]?.includes('DeleteItem')).length;
    const bytes = tablePolicyBytes(deleting);
    if (bytes <= TABLE_POLICY_BYTES_MAX) return [];
    const what = `gives table ${table} a policy of up to ${bytes} bytes, and DynamoDB takes ${TABLE_POLICY_BYTES_MAX}`;
    return [refuse(undefined, what, apart)];
  });
  return [...filters, ...roles, ...policies];
}

/** One statement for each table or index. White space does not count. */
export function policyCharacters(permissions: Permissions): number {
  const statements = Object.entries(permissions).map(([target, actions]) => {
    const index = target.includes('/') ? '/index/marked'.length : 0;
    const named = actions.map((action) => `dynamodb:${action}`);
    const frame = JSON.stringify({ Action: named, Effect: 'Allow', Resource: '' });
    return frame.length + ','.length + TABLE_ARN_CHARACTERS + index;
  });
  return statements.reduce((sum, one) => sum + one, ROLE_RESERVE_CHARACTERS);
}

/** @param roles that may delete: each ARN in quotes, and a comma */
export function tablePolicyBytes(roles: number): number {
  return TABLE_POLICY_RESERVE_BYTES + roles * (ROLE_ARN_CHARACTERS + 3);
}
