/** What the selftest and the audit expect of the tables' policies is what the construct writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ASSEMBLY_DIRECTORY, STACK_NAME } from '../../bin/synthesize.ts';
import { DELETION_RULES } from '../../lib/infra/deletions.ts';
import { functionPermissions } from '../../lib/infra/permissions.ts';
import { checkGuard, GUARDS, type GuardedTable, neededPolicy, type Roles } from '../../lib/operate/deployed/guards.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { constructId } from '../../lib/streams/deployment.ts';
import { FUNCTION_NAMES, FUNCTIONS } from '../../lib/streams/functions.ts';

const tables = Object.keys(GUARDS) as GuardedTable[];
const roles: Roles = Object.fromEntries(
  FUNCTION_NAMES.map((name) => [name, `arn:aws:iam::000000000000:role/${FUNCTIONS[name].id}`]),
);
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

describe.each(tables)('the guard of %s', (table) => {
  const { action, by, onlyThem, inTransaction } = GUARDS[table];
  const policy = neededPolicy(table, factsOf(table), roles);

  it('names whom the construct lets delete there, and how', () => {
    const allowed = functionPermissions(DEFAULT_RULES);
    const doing = FUNCTION_NAMES.filter((name) => allowed[name][table]?.includes(action));
    expect(by.filter((name) => !doing.includes(name))).toEqual([]);
    if (onlyThem) expect([...by].sort()).toEqual([...doing].sort());
    if (table === 'receipts') return;
    const rule = DELETION_RULES[table];
    expect([onlyThem, inTransaction]).toEqual([rule.by === 'deallocator', rule.inTransaction]);
  });

  it('is kept by the policy of the template', () => {
    const { Resources } = JSON.parse(readFileSync(join(ASSEMBLY_DIRECTORY, `${STACK_NAME}.template.json`), 'utf8'));
    const [, resource] = Object.entries<Record<string, { ResourcePolicy?: { PolicyDocument: unknown } }>>(
      Resources,
    ).find(
      ([id, { Type }]) =>
        (Type as unknown) === 'AWS::DynamoDB::Table' && id.startsWith(`Deallocator${constructId(table)}`),
    ) ?? ['', {}];
    // A role is named by its construct's id, as in `roles`.
    const text = JSON.stringify(resource.Properties?.ResourcePolicy?.PolicyDocument).replaceAll(
      /\{"Fn::GetAtt":\["Deallocator(\w+?)(?:Service)?Role[0-9A-F]{8}","Arn"\]\}/g,
      '"arn:aws:iam::000000000000:role/$1"',
    );
    expect(checkGuard(table, factsOf(table), text, roles)).toMatchObject({ result: 'passed' });
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
      const found = checkGuard(table, factsOf(table), neededPolicy(table, factsOf(table), written), roles);
      expect(found).toMatchObject({ fault: 'roles of another deployment' });
    }
    const more = policy.replace('["arn', '["arn:aws:iam::000000000000:role/gone","arn');
    expect(checkGuard(table, factsOf(table), more, roles).seen).toMatch(/role\/gone/);
    // What is not known is not compared.
    expect(checkGuard(table, factsOf(table), more, {}).result).toBe('passed');
  });
});
