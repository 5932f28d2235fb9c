/** Compares a table's policy with what keeps everyone but the deallocator from deleting and from forging, and writes the one that it needs. */
import type { TableFacts } from '../../dynamodb/table-facts.ts';
import { FUNCTION_NAMES, type FunctionName } from '../../streams/functions.ts';
import { type Check, type Fault, failed, passed } from './check.ts';

export interface Guard {
  /** What only some may do there, without `dynamodb:`. */
  readonly action: 'DeleteItem' | 'PutItem';
  /** Whose work it is. */
  readonly by: readonly FunctionName[];
  /** Whether nobody else may. */
  readonly onlyThem: boolean;
  /** Whether they do it as one action of a transaction. */
  readonly inTransaction: boolean;
  /** What nobody may do there, and what the statement is called that says so. */
  readonly never: readonly string[];
  readonly neverBy: string;
}

const OF_SERVICES = ['task-deleted', 'service-updated', 'sweep'] as const;
/** Other actions by which items go. */
const OTHER_WAYS = ['BatchWriteItem', 'PartiQLDelete', 'UpdateTimeToLive'];
/** By which a receipt would be another one. */
const WAYS_TO_FORGE = ['UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLInsert', 'PartiQLUpdate', 'PartiQLDelete'];
const DELETES = { action: 'DeleteItem', never: OTHER_WAYS, neverBy: 'NoOtherWayToDelete' } as const;

/** The same as lib/infra has it; a test holds the two together. */
export const GUARDS = {
  services: { ...DELETES, by: OF_SERVICES, onlyThem: true, inTransaction: true },
  networks: { ...DELETES, by: FUNCTION_NAMES, onlyThem: true, inTransaction: true },
  attachments: { ...DELETES, by: OF_SERVICES, onlyThem: false, inTransaction: true },
  counters: { ...DELETES, by: FUNCTION_NAMES, onlyThem: true, inTransaction: false },
  receipts: {
    action: 'PutItem',
    by: FUNCTION_NAMES,
    onlyThem: true,
    inTransaction: true,
    never: WAYS_TO_FORGE,
    neverBy: 'NobodyChangesOrDeletes',
  },
} as const satisfies Record<string, Guard>;

export type GuardedTable = keyof typeof GUARDS;

const TRANSACTION = 'TransactWriteItems';
/** In a table's policy this means that table and its indexes. */
const THIS_TABLE = '*';
/** A table that denies this role its work can get no replica. */
const REPLICATION_ROLE =
  'arn:*:iam::*:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication';
const REPLICATION = ['Scan', 'PutItem', 'UpdateItem', 'DeleteItem', 'UpdateTable'];

const actionsOf = (names: readonly string[]) => names.map((name) => `dynamodb:${name}`);

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

interface Denial {
  readonly actions: readonly string[];
  /** Undefined: always. */
  readonly conditions: Conditions | undefined;
}

/** The role of each function, as far as it is known. */
export type Roles = Readonly<Partial<Record<FunctionName, string>>>;

/** One check for each table that is guarded. @param policy undefined: it has none */
export function checkGuard(table: GuardedTable, facts: TableFacts, policy: string | undefined, roles: Roles): Check {
  const name = `policy of ${facts.name}`;
  const guard: Guard = GUARDS[table];
  const expected = expectation(guard);
  const denials = policy === undefined ? [] : denialsOf(policy);
  const problem = policy === undefined ? NO_POLICY : problemOf(guard, denials, roles);
  if (problem === undefined) return passed(name, expected, `a policy that says so${unknownWords(guard, roles)}`);
  const [fault, seen] = problem;
  // A table whose deletion is denied, or protected, stays so.
  const isKept = facts.deletionProtection || denials.some(({ actions }) => covers(actions, 'dynamodb:DeleteTable'));
  return failed(name, fault, { expected, seen, fix: fixOf(table, facts, isKept, roles) });
}

const NO_POLICY: readonly [Fault, string] = [
  'unguarded table',
  'no policy: whoever is allowed it may delete or forge there',
];

/** Of an audit of the tables alone. */
function unknownWords({ by, onlyThem }: Guard, roles: Roles): string {
  const unknown = onlyThem ? by.filter((name) => roles[name] === undefined) : [];
  return unknown.length === 0 ? '' : `; the roles of ${unknown.join(', ')} were not compared`;
}

function expectation({ action, onlyThem, inTransaction, by, never }: Guard): string {
  const who = onlyThem ? `only ${by.join(', ')} may do` : 'whoever is granted it does';
  return `${who} ${action}${inTransaction ? ', in transactions alone' : ''}; nobody does ${never.join(', ')}`;
}

function problemOf(guard: Guard, denials: readonly Denial[], roles: Roles): readonly [Fault, string] | undefined {
  const ofAction = denials.filter(
    ({ actions, conditions }) => covers(actions, `dynamodb:${guard.action}`) && !isOfReplication(conditions),
  );
  const lists = ofAction.flatMap(({ conditions }) => allowedPrincipals(conditions) ?? []);
  if (guard.onlyThem && lists.length === 0) {
    return ['unguarded table', `no statement that denies ${guard.action} to everyone but the deallocator`];
  }
  const known = Object.entries(roles) as [FunctionName, string][];
  const lacking = known.filter(([name, arn]) => guard.by.includes(name) && lists.some((list) => !list.includes(arn)));
  if (lacking.length > 0) {
    const whose = lacking.map(([name, arn]) => `${name} (${arn})`).join(', ');
    return ['roles of another deployment', `it denies ${guard.action} to ${whose}: nothing can be deleted`];
  }
  const strangers = known.length === FUNCTION_NAMES.length ? strangersIn(lists, known) : [];
  if (strangers.length > 0) {
    return [
      'roles of another deployment',
      `it lets ${strangers.join(', ')} do ${guard.action}, which is no function's role`,
    ];
  }
  if (guard.inTransaction && !ofAction.some(({ conditions }) => isAlone(conditions))) {
    return ['no transaction key', `no statement that denies ${guard.action} outside of transactions`];
  }
  const always = denials.filter(({ conditions }) => conditions === undefined);
  const open = actionsOf(guard.never).filter((way) => !always.some(({ actions }) => covers(actions, way)));
  if (open.length > 0) return ['other way to delete', `${open.join(', ')} are not denied to everyone`];
  if (!denials.some(({ conditions }) => isOfReplication(conditions))) {
    return ['replicas', 'no statement that denies the replication of DynamoDB its work: the table could get replicas'];
  }
  return undefined;
}

function strangersIn(lists: readonly (readonly string[])[], known: readonly (readonly [FunctionName, string])[]) {
  const arns = known.map(([, arn]) => arn);
  return [...new Set(lists.flat())].filter((arn) => !arns.includes(arn));
}

/** Those that a Deny by `aws:PrincipalArn` passes over; undefined for a Deny of another kind. */
function allowedPrincipals(conditions: Conditions | undefined): readonly string[][] | undefined {
  const { ArnNotEquals, ArnNotLike } = conditions ?? {};
  const arns = (ArnNotEquals ?? ArnNotLike)?.['aws:PrincipalArn'];
  return arns === undefined ? undefined : [[arns].flat()];
}

/** It names who is denied, and not who is not. */
function isOfReplication(conditions: Conditions | undefined): boolean {
  return [conditions?.ArnLike?.['aws:PrincipalArn']].flat().includes(REPLICATION_ROLE);
}

/** A request outside of a transaction has no such key, for which StringNotEquals is true. */
function isAlone(conditions: Conditions | undefined): boolean {
  const operations = conditions?.StringNotEquals?.['dynamodb:EnclosingOperation'];
  return (
    Object.keys(conditions ?? {}).length === 1 && operations !== undefined && [operations].flat().join() === TRANSACTION
  );
}

function covers(actions: readonly string[], action: string): boolean {
  return actions.some((one) => new RegExp(`^${one.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i').test(action));
}

/** What the policy denies to everyone. A text that is no policy denies nothing. */
function denialsOf(policy: string): Denial[] {
  const statements = [JSON.parse(policy).Statement ?? []].flat() as Record<string, unknown>[];
  return statements.flatMap(({ Effect, Principal, Action = [], Condition }) => {
    const anyone = Principal === '*' || [(Principal as { AWS?: unknown } | undefined)?.AWS].flat().includes('*');
    if (Effect !== 'Deny' || !anyone) return [];
    return [{ actions: [Action].flat().map(String), conditions: Condition as Conditions | undefined }];
  });
}

/** The policy that the table needs, with the roles of this deployment. @param isKept whether nobody deletes the table itself */
export function neededPolicy(table: GuardedTable, isKept: boolean, roles: Roles): string {
  const guard: Guard = GUARDS[table];
  const deny = (Sid: string, Action: readonly string[], Condition?: Conditions) => {
    return { Sid, Effect: 'Deny', Principal: '*', Action, Resource: THIS_TABLE, ...(Condition && { Condition }) };
  };
  const named = guard.by.flatMap((name) => roles[name] ?? []);
  const byOthers = { ArnNotEquals: { 'aws:PrincipalArn': named } };
  const alone = { StringNotEquals: { 'dynamodb:EnclosingOperation': TRANSACTION } };
  const replicating = { ArnLike: { 'aws:PrincipalArn': REPLICATION_ROLE } };
  const verb = guard.action === 'PutItem' ? 'Puts' : 'Deletes';
  const action = actionsOf([guard.action]);
  const Statement = [
    ...(guard.onlyThem ? [deny(`OnlyTheDeallocator${verb}`, action, byOthers)] : []),
    ...(guard.inTransaction ? [deny(`${verb}OnlyInTransactions`, action, alone)] : []),
    deny(guard.neverBy, actionsOf([...guard.never, ...(isKept ? ['DeleteTable'] : [])])),
    deny('NoReplicas', actionsOf(REPLICATION), replicating),
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function fixOf(table: GuardedTable, { arn }: TableFacts, isKept: boolean, roles: Roles): string {
  const unknown = GUARDS[table].by.filter((name) => roles[name] === undefined);
  if (unknown.length > 0) {
    return `run "deallocator audit --deployed", which prints the policy; it must be let read the functions, as the policy names the roles of ${unknown.join(', ')}`;
  }
  return `aws dynamodb put-resource-policy --resource-arn ${arn} --policy '${neededPolicy(table, isKept, roles)}'`;
}
