/** What the selftest and the audit expect of the tables' policies is what the construct writes. */
import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import type { DeallocatorProps } from '../../lib/infra/index.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { withException } from '../../lib/operate/deployed/break-glass.ts';
import { checkGuard, GUARDS, type GuardedTable, neededPolicy, type Roles } from '../../lib/operate/deployed/guards.ts';
import { FUNCTION_NAMES } from '../../lib/streams/functions.ts';
import { rightTable } from './brought.ts';
import { createWorld, tableNames } from './world.ts';

interface Document {
  readonly Statement: readonly Record<string, unknown>[];
}

/** Each with whether nobody may delete the tables themselves. */
const WORLDS: Record<string, readonly [DeallocatorProps | ((stack: Stack) => DeallocatorProps), boolean]> = {
  'default props': [{}, true],
  'tables that are retained, but not protected': [{ deletionProtection: false }, true],
  'tables that go with their stack': [{ deletionProtection: false, removalPolicy: RemovalPolicy.DESTROY }, false],
  'tables that are brought': [
    (stack) => ({ tables: Object.fromEntries(tableNames.map((name) => [name, rightTable(stack, name)])) }),
    true,
  ],
  'tasks that are gone when they have ended, and other rules': [
    { taskIsGone: 'terminal', taskNetworks: true, stopTasks: true },
    true,
  ],
};

const tables = Object.keys(GUARDS) as GuardedTable[];
const roles: Roles = Object.fromEntries(FUNCTION_NAMES.map((name) => [name, `arn:aws:iam::000000000000:role/${name}`]));
const factsOf = (name: string) => ({
  name,
  arn: `arn:aws:dynamodb:::table/${name}`,
  keys: [],
  indexes: [],
  replicas: 0,
  deletionProtection: true,
});
const changed = (policy: string, change: (statements: Record<string, unknown>[]) => void) => {
  const document = JSON.parse(policy) as { Statement: Record<string, unknown>[] };
  change(document.Statement);
  return JSON.stringify(document);
};

const withSortedRoles = ({ Condition, ...one }: Record<string, unknown>) => ({
  ...one,
  Condition: JSON.parse(JSON.stringify(Condition ?? null), (_, value) =>
    Array.isArray(value) ? value.toSorted() : value,
  ),
});

describe.each(tables)('the guard of %s', (table) => {
  const { action, by, onlyThem, inTransaction } = GUARDS[table];
  const policy = neededPolicy(table, true, roles);

  it('names whom the construct lets delete there, and how', () => {
    const { permissions, tables: planned } = planOf(SWARMKIT);
    const doing = FUNCTION_NAMES.filter((name) => permissions[name]?.[table]?.includes(action));
    expect(by.filter((name) => !doing.includes(name))).toEqual([]);
    if (onlyThem) expect([...by].sort()).toEqual([...doing].sort());
    if (table === 'receipts') return;
    const rule = planned[table]?.deletes;
    expect([onlyThem, inTransaction]).toEqual([rule?.by === 'deallocator', rule?.inTransaction]);
  });

  it.each(Object.entries(WORLDS))('is, statement by statement, what the construct writes: %s', (_, [props, isKept]) => {
    const { deallocator, propertiesOf, stack } = createWorld(props);
    const { PolicyDocument } = propertiesOf(deallocator.tables[table]).ResourcePolicy as { PolicyDocument: Document };
    const arns = FUNCTION_NAMES.map((name): [string, string] => [
      JSON.stringify(stack.resolve(deallocator.functions[name].role?.roleArn)),
      JSON.stringify(roles[name]),
    ]);
    const written = arns.reduce((text, [arn, role]) => text.replaceAll(arn, role), JSON.stringify(PolicyDocument));
    // CloudFormation takes one for a list of one, and the roles are a set.
    const sorted = (text: string) =>
      (JSON.parse(text) as Document).Statement.map(withSortedRoles) as Record<string, unknown>[];
    const lists = (text: string) =>
      sorted(text).map((one) => ({ ...one, Action: [one.Action].flat(), Principal: '*' }));
    expect(lists(written)).toEqual(lists(neededPolicy(table, isKept, roles)));
    expect(checkGuard(table, factsOf(table), written, roles)).toMatchObject({ result: 'passed' });
  });

  it('keeps in what it prints that the table itself may not be deleted, where that was denied', () => {
    const unprotected = { ...factsOf(table), deletionProtection: false };
    const fixFor = (isKept: boolean) => {
      const broken = changed(neededPolicy(table, isKept, roles), (statements) => statements.pop());
      return checkGuard(table, unprotected, broken, roles).fix;
    };
    expect(fixFor(true)).toContain(neededPolicy(table, true, roles));
    expect(fixFor(false)).toContain(neededPolicy(table, false, roles));
  });

  it('is kept by the policy that it says to put, and by none that lacks a statement', () => {
    expect(checkGuard(table, factsOf(table), policy, roles)).toMatchObject({ result: 'passed' });
    expect(checkGuard(table, factsOf(table), undefined, roles)).toMatchObject({
      result: 'failed',
      fault: 'unguarded table',
    });
    for (const place of JSON.parse(policy).Statement.keys()) {
      const without = changed(policy, (statements) => statements.splice(place, 1));
      expect(checkGuard(table, factsOf(table), without, roles).result, `without ${place}`).toBe('failed');
    }
  });

  it('holds behind broken glass as before, for all but one principal and for DeleteItem alone', () => {
    const principal = 'arn:aws:iam::000000000000:role/Admin';
    const denialsIn = (text: string) =>
      (JSON.parse(text) as Document).Statement.flatMap(({ Action, Effect, Principal, Resource, Condition }) =>
        [Action].flat().map((one) => JSON.stringify({ one, Effect, Principal, Resource, Condition })),
      );
    const broken = denialsIn(withException(policy, principal));
    // Without the exception, nothing has changed.
    const mended = broken.map((one) =>
      one
        .replace(`,"ArnNotEquals":{"aws:PrincipalArn":["${principal}"]}`, '')
        .replace(`"Condition":{"ArnNotEquals":{"aws:PrincipalArn":["${principal}"]}}`, '')
        .replace(`,"${principal}"`, '')
        .replace(/,}$/, '}'),
    );
    expect(mended.sort()).toEqual(denialsIn(policy).sort());
    const open = broken.filter((one) => one.includes(principal));
    expect(open.filter((one) => !one.startsWith('{"one":"dynamodb:DeleteItem"'))).toEqual([]);
    const ofDeletes = denialsIn(policy).filter((one) => /^..one":"dynamodb:DeleteItem"/.test(one));
    expect(open).toHaveLength(ofDeletes.filter((one) => !one.includes('AWSServiceRoleForDynamoDBReplication')).length);
  });

  it('is not kept by one that allows, denies somebody only, or names another transaction', () => {
    for (const odd of [{ Effect: 'Allow' }, { Principal: { AWS: 'arn:aws:iam::000000000000:root' } }]) {
      const policyWith = changed(policy, (statements) => {
        for (const one of statements) Object.assign(one, odd);
      });
      expect(checkGuard(table, factsOf(table), policyWith, roles).result).toBe('failed');
    }
    if (!inTransaction) return;
    const other = policy.replace('TransactWriteItems', 'TransactGetItems');
    expect(checkGuard(table, factsOf(table), other, roles)).toMatchObject({ fault: 'no transaction key' });
  });

  it('is not kept by the roles of another deployment, more or fewer', () => {
    if (!onlyThem) return;
    const { sweep: _, ...some } = roles;
    const others = [{ ...roles, sweep: 'arn:aws:iam::000000000000:role/other' }, some];
    for (const written of others) {
      const found = checkGuard(table, factsOf(table), neededPolicy(table, true, written), roles);
      expect(found).toMatchObject({ fault: 'roles of another deployment' });
    }
    const more = policy.replace('["arn', '["arn:aws:iam::000000000000:role/gone","arn');
    expect(checkGuard(table, factsOf(table), more, roles).seen).toMatch(/role\/gone/);
    // What is not known is not compared.
    expect(checkGuard(table, factsOf(table), more, {}).result).toBe('passed');
  });
});
