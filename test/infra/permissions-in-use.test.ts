/** Every grant is used, and no grant or denial could be left out. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Access, Authorizer } from '../../lib/local/iam/authorizer.ts';
import type { Role, Statement } from '../../lib/local/iam/policies.ts';
import {
  commandsAs,
  type Granted,
  GUARDED,
  runClient,
  runFunctions,
  runOperations,
  runReports,
  startGranted,
  tryOut,
  WAYS_TO_DELETE,
  WAYS_TO_FORGE,
} from '../support/granted.ts';

const folder = mkdtempSync(join(tmpdir(), 'granted-'));
let granted: Granted;
/** Every grantee: role names and functions' logical ids. */
let principals: readonly string[];
/** What grantees were denied while they only did their work. */
let deniedAtWork: readonly Access[];
/** Each try to delete or to forge: by which principal, which way, and with which answer. */
const tried: { who: string; way: string; table: string; told: string }[] = [];

beforeAll(async () => {
  granted = await startGranted();
  principals = [...Object.values(granted.roles), ...Object.values(granted.functions)];
  await runFunctions(granted);
  await runClient(granted);
  await runReports(granted, 'Reader', folder);
  await runReports(granted, 'Operator', folder);
  await runOperations(granted, folder);
  await commandsAs(granted, 'Sweeper', folder)('sweep');
  deniedAtWork = authorizer()
    .accesses()
    .filter(({ allowed }) => !allowed);
  const { functions, roles } = granted;
  for (const who of [granted.backend.cloud.accessKeyId, functions.sweep, functions['network-updated'], roles.Writer]) {
    for (const table of GUARDED) {
      for (const way of WAYS_TO_DELETE) tried.push({ who, way, table, told: await tryOut(granted, who, way, table) });
    }
    for (const way of WAYS_TO_FORGE) {
      tried.push({ who, way, table: 'receipts', told: await tryOut(granted, who, way, 'receipts') });
    }
    const told = await tryOut(granted, who, 'DeleteTable', 'tasks');
    tried.push({ who, way: 'DeleteTable', table: 'tasks', told });
  }
}, 300_000);
afterAll(async () => {
  await granted.backend.close();
  rmSync(folder, { recursive: true });
});

const authorizer = () => granted.backend.cloud.authorizer;
const roleOf = (principal: string) =>
  authorizer().executionRoles.get(principal) ??
  (authorizer().policies.roles.find(({ name }) => name === principal) as Role);
const actionsOf = (statement: Statement) => [statement.Action].flat() as string[];

/** The statement without one of its actions, or nothing where that was all. */
function without(statement: Statement, action: string): Statement[] {
  const left = actionsOf(statement).filter((one) => one !== action);
  return left.length === 0 ? [] : [{ ...statement, Action: left }];
}

function withRole(role: Role, statements: readonly Statement[]): Authorizer {
  const { policies, executionRoles } = authorizer();
  const changed = (one: Role) => (one.name === role.name ? { ...one, statements } : one);
  return new Authorizer(
    { ...policies, roles: policies.roles.map(changed) },
    new Map([...executionRoles].map(([id, one]) => [id, changed(one)])),
  );
}

function withTable(arn: string, statements: readonly Statement[]): Authorizer {
  const { policies, executionRoles } = authorizer();
  const roles = [...policies.roles, REPLICATION_ROLE];
  const ofTables = new Map([...policies.ofTables, [arn, statements]]);
  return new Authorizer({ ...policies, roles, ofTables }, executionRoles);
}

/** The role by which DynamoDB itself fills and follows replicas. The template has it not, so no request can be signed with it. */
const REPLICATION = 'AWSServiceRoleForDynamoDBReplication';
const REPLICATION_ROLE: Role = {
  logicalId: REPLICATION,
  name: REPLICATION,
  arn: `arn:aws:iam::000000000000:role/aws-service-role/replication.dynamodb.amazonaws.com/${REPLICATION}`,
  statements: [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' }],
};
const replicationNeeds = (resource: string) =>
  ['Scan', 'PutItem', 'UpdateItem', 'DeleteItem', 'UpdateTable'].map((action) => ({
    action: `dynamodb:${action}`,
    resource,
  }));

describe('what is granted', () => {
  it('is all of it used: without any one action, something that was done is denied', async () => {
    const needless: string[] = [];
    let looked = 0;
    for (const principal of principals) {
      const role = roleOf(principal);
      for (const [place, statement] of role.statements.entries()) {
        for (const action of actionsOf(statement)) {
          looked++;
          const less = withRole(role, role.statements.toSpliced(place, 1, ...without(statement, action)));
          const done = authorizer()
            .accesses()
            .filter((one) => one.principal === principal && one.action === action);
          const denials = await Promise.all(
            done.filter(({ allowed }) => allowed).map((one) => less.findDenial(principal, [one])),
          );
          if (denials.every((denial) => denial === undefined))
            needless.push(`${principal}: ${action} on ${statement.Resource}`);
        }
      }
    }
    expect(needless).toEqual([]);
    expect(looked).toBeGreaterThan(100);
  });

  it('is exact: each action by its name, each resource by its own', () => {
    const statements = principals.flatMap((principal) => roleOf(principal).statements);
    const actions = statements.flatMap(actionsOf);
    expect(actions.filter((action) => !/^[a-z]+:[A-Za-z]+$/.test(action))).toEqual([]);
    // ListStreams knows no resource.
    const [listing, exacting] = [true, false].map((isListing) =>
      statements.filter((one) => actionsOf(one).includes('dynamodb:ListStreams') === isListing),
    ) as [Statement[], Statement[]];
    expect(listing.length).toBeGreaterThan(0);
    for (const one of listing) expect(one).toEqual({ ...listing[0], Action: 'dynamodb:ListStreams', Resource: '*' });
    // One ends in a wildcard: the log streams of one log group, which Lambda names.
    const resources = exacting.flatMap(({ Resource }) => [Resource].flat() as string[]);
    const exact = resources.map((resource) => resource.replace(/^(arn:aws:logs:.*:log-group:[^:]+):\*$/, '$1'));
    expect(exact.filter((resource) => !/^arn:aws:[a-z]+:us-east-1:000000000000:[\w./:-]+$/.test(resource))).toEqual([]);
    expect(
      statements.filter(({ Effect, NotAction, NotResource }) => Effect !== 'Allow' || NotAction || NotResource),
    ).toEqual([]);
  });

  it('is enough: no request was denied at work', () => {
    expect(deniedAtWork).toEqual([]);
  });
});

describe('what the tables deny', () => {
  it.each([...GUARDED])('to an administrator is every way to delete from %s', (table) => {
    const { accessKeyId } = granted.backend.cloud;
    const told = tried.filter(({ who, table: of }) => who === accessKeyId && of === table);
    const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${granted.backend.tables[table]}`;
    for (const { way, told: answer } of told) {
      // Every role with that grant may delete an attachment in a transaction, and an administrator has every grant.
      if (table === 'attachments' && way === 'DeleteItem in a transaction') expect(answer).toBe('done');
      else {
        expect(answer).toBe(
          'AccessDeniedException: User: arn:aws:iam::000000000000:user/outside is not authorized to perform: ' +
            `dynamodb:${way.split(' ')[0]} on resource: ${arn} with an explicit deny in a resource-based policy`,
        );
      }
    }
    expect(told).toHaveLength(WAYS_TO_DELETE.length);
  });

  it('lets the functions delete services, networks and attachments in transactions only', () => {
    const { sweep, 'network-updated': networkUpdated } = granted.functions;
    const done = tried.filter(({ who, told }) => [sweep, networkUpdated].includes(who) && told === 'done');
    const ways = (who: string) =>
      done.filter((one) => one.who === who && one.table !== 'receipts').map(({ table, way }) => `${table}: ${way}`);
    expect(ways(sweep)).toEqual([
      'services: DeleteItem in a transaction',
      'networks: DeleteItem in a transaction',
      'attachments: DeleteItem in a transaction',
      'counters: DeleteItem',
      'counters: DeleteItem in a transaction',
    ]);
    expect(ways(networkUpdated)).toEqual([
      'networks: DeleteItem in a transaction',
      'counters: DeleteItem',
      'counters: DeleteItem in a transaction',
    ]);
  });

  it('lets the client’s users delete an attachment in a transaction, and nothing else', () => {
    const done = tried.filter(({ who, told }) => who === granted.roles.Writer && told === 'done');
    expect(done.map(({ table, way }) => `${table}: ${way}`)).toEqual(['attachments: DeleteItem in a transaction']);
  });

  it('lets nobody forge or erase a receipt: the functions put one, in a transaction', () => {
    const onReceipts = tried.filter(({ table }) => table === 'receipts');
    const { sweep, 'network-updated': networkUpdated } = granted.functions;
    const done = onReceipts.filter(({ told }) => told === 'done').map(({ who, way }) => `${who}: ${way}`);
    expect(done).toEqual([sweep, networkUpdated].map((who) => `${who}: PutItem in a transaction`));
    const byAdministrator = onReceipts.filter(({ who }) => who === granted.backend.cloud.accessKeyId);
    for (const { told } of byAdministrator) expect(told).toMatch(/explicit deny in a resource-based policy$/);
    expect(byAdministrator).toHaveLength(WAYS_TO_FORGE.length);
  });

  it('lets nobody delete the Tasks table, which would read as no tasks when it is made again', () => {
    const told = tried.filter(({ table }) => table === 'tasks').map((one) => one.told);
    expect(told.filter((one) => !/^AccessDeniedException: .*dynamodb:DeleteTable on resource/.test(one))).toEqual([]);
    expect(told).toHaveLength(4);
  });

  it('lets DynamoDB itself make no replica of any table', async () => {
    const all = withTable('none', []);
    for (const arn of authorizer().policies.ofTables.keys()) {
      for (const need of replicationNeeds(arn)) {
        expect(await all.findDenial(REPLICATION, [need])).toContain('with an explicit deny in a resource-based policy');
      }
    }
  });

  it('is all of it needed: without any one denial, a principal could have done it', async () => {
    const needless: string[] = [];
    const { ofTables } = authorizer().policies;
    for (const [arn, statements] of ofTables) {
      for (const [place, statement] of statements.entries()) {
        for (const action of actionsOf(statement)) {
          const less = withTable(arn, statements.toSpliced(place, 1, ...without(statement, action)));
          const denied =
            statement.Sid === 'NoReplicas'
              ? [{ principal: REPLICATION, action, resource: arn }]
              : authorizer()
                  .accesses()
                  .filter((one) => !one.allowed && one.resource === arn && one.action === action);
          const denials = await Promise.all(denied.map((one) => less.findDenial(one.principal, [one])));
          if (!denials.includes(undefined)) needless.push(`${statement.Sid}: ${action} on ${arn}`);
        }
      }
    }
    // What the other statements deny to everybody, they deny to the replication too.
    const { tables } = granted.backend;
    const twice = [
      ...GUARDED.map((table) => ['DeleteItem', tables[table]]),
      ...['PutItem', 'UpdateItem', 'DeleteItem'].map((action) => [action, tables.receipts]),
    ].map(
      ([action, table]) => `NoReplicas: dynamodb:${action} on arn:aws:dynamodb:us-east-1:000000000000:table/${table}`,
    );
    expect(needless.sort()).toEqual(twice.sort());
    expect(ofTables.size).toBe(GUARDED.length + 2);
  });
});
