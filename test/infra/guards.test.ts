/** What the selftest and the audit expect of the tables' policies is what the construct writes. */
import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { describe, expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import type { DeallocatorProps } from '../../lib/infra/index.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT, SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { withException } from '../../lib/operate/deployed/break-glass.ts';
import {
  checkGuard,
  type Guard,
  guardsOf,
  namesInOrder,
  neededPolicy,
  type Roles,
} from '../../lib/operate/deployed/guards.ts';
import type { FunctionName } from '../support/swarmkit.ts';
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

const GUARDS = guardsOf(planOf(SWARMKIT));
const FUNCTION_NAMES = namesInOrder(planOf(SWARMKIT)) as FunctionName[];
const tables = Object.keys(GUARDS) as TableName[];
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
  const guard = GUARDS[table] as Guard;
  const { action, by, onlyThem, inTransaction } = guard;
  const check = (facts: ReturnType<typeof factsOf>, policy: string | undefined, known: Roles) =>
    checkGuard(guard, { facts, policy }, known, FUNCTION_NAMES.length);
  const policy = neededPolicy(guard, true, roles);

  it('names whom the construct lets delete there, and how', () => {
    const { permissions, tables: planned } = planOf(SWARMKIT);
    const doing = FUNCTION_NAMES.filter((name) => permissions[name]?.[table]?.includes(action));
    expect(by.filter((name) => !doing.some((one) => one === name))).toEqual([]);
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
    expect(lists(written)).toEqual(lists(neededPolicy(guard, isKept, roles)));
    expect(check(factsOf(table), written, roles)).toMatchObject({ result: 'passed' });
  });

  it('keeps in what it prints that the table itself may not be deleted, where that was denied', () => {
    const unprotected = { ...factsOf(table), deletionProtection: false };
    const fixFor = (isKept: boolean) => {
      const broken = changed(neededPolicy(guard, isKept, roles), (statements) => statements.pop());
      return check(unprotected, broken, roles).fix;
    };
    expect(fixFor(true)).toContain(neededPolicy(guard, true, roles));
    expect(fixFor(false)).toContain(neededPolicy(guard, false, roles));
  });

  it('is kept by the policy that it says to put, and by none that lacks a statement', () => {
    expect(check(factsOf(table), policy, roles)).toMatchObject({ result: 'passed' });
    expect(check(factsOf(table), undefined, roles)).toMatchObject({
      result: 'failed',
      fault: 'unguarded table',
    });
    for (const place of JSON.parse(policy).Statement.keys()) {
      const without = changed(policy, (statements) => statements.splice(place, 1));
      expect(check(factsOf(table), without, roles).result, `without ${place}`).toBe('failed');
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
      expect(check(factsOf(table), policyWith, roles).result).toBe('failed');
    }
    if (!inTransaction) return;
    const other = policy.replace('TransactWriteItems', 'TransactGetItems');
    expect(check(factsOf(table), other, roles)).toMatchObject({ fault: 'no transaction key' });
  });

  it('is not kept by the roles of another deployment, more or fewer', () => {
    if (!onlyThem) return;
    const { sweep: _, ...some } = roles;
    const others = [{ ...roles, sweep: 'arn:aws:iam::000000000000:role/other' }, some];
    for (const written of others) {
      const found = check(factsOf(table), neededPolicy(guard, true, written), roles);
      expect(found).toMatchObject({ fault: 'roles of another deployment' });
    }
    const more = policy.replace('["arn', '["arn:aws:iam::000000000000:role/gone","arn');
    expect(check(factsOf(table), more, roles).seen).toMatch(/role\/gone/);
    // What is not known is not compared.
    expect(check(factsOf(table), more, {}).result).toBe('passed');
  });
});

describe('the guard of other kinds', () => {
  it.each(Object.entries({ SWARMKIT_ALL, SANDBOX, IDEAS, CHATBOT }))(
    'is what the construct writes: %s',
    (_, lifecycle: Lifecycle) => {
      const plan = planOf(lifecycle);
      const names = namesInOrder(plan);
      const { deallocator, propertiesOf, stack } = createWorld({ lifecycle });
      const functions = deallocator.functions as Readonly<Record<string, { role?: { roleArn: string } }>>;
      const known: Roles = Object.fromEntries(names.map((name) => [name, `arn:aws:iam::000000000000:role/${name}`]));
      for (const [table, guard] of Object.entries(guardsOf(plan))) {
        const own = (deallocator.tables as Readonly<Record<string, ITable>>)[table] as ITable;
        const { PolicyDocument } = propertiesOf(own).ResourcePolicy as { PolicyDocument: Document };
        const written = names.reduce(
          (text, name) =>
            text.replaceAll(JSON.stringify(stack.resolve(functions[name]?.role?.roleArn)), JSON.stringify(known[name])),
          JSON.stringify(PolicyDocument),
        );
        expect(checkGuard(guard, { facts: factsOf(table), policy: written }, known, names.length), table).toMatchObject(
          {
            result: 'passed',
          },
        );
      }
    },
  );

  it('of a table that may hold items of no kind is not looked at where it has no policy', () => {
    const guard = guardsOf(planOf(SANDBOX)).blueprints as Guard;
    expect(checkGuard(guard, { facts: factsOf('blueprints'), policy: undefined }, {}, 4)).toMatchObject({
      result: 'not looked at',
      seen: expect.stringContaining('it may hold items of no kind'),
    });
  });
});
