/** Compares a table's policy with what keeps everyone but the deallocator from deleting and from forging, and writes the one that it needs. */
import type { TableFacts } from '../../dynamodb/table-facts.ts';
import { permissionsOf } from '../../lifecycle/permissions.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { type Check, type Fault, failed, notLookedAt, passed } from './check.ts';

export interface Guard {
  /** What only some may do there, without `dynamodb:`. */
  readonly action: 'DeleteItem' | 'PutItem';
  /** Whose work it is. */
  readonly by: readonly string[];
  /** Whether nobody else may. */
  readonly onlyThem: boolean;
  /** Whether they do it as one action of a transaction. */
  readonly inTransaction: boolean;
  /** What nobody may do there, and what the statement is called that says so. */
  readonly never: readonly string[];
  readonly neverBy: string;
  /** Whether the table may hold items of no kind: where it was brought along it gets no such policy, which would lock these too. */
  readonly isShared: boolean;
}

/** Other actions by which items go. */
const OTHER_WAYS = ['BatchWriteItem', 'PartiQLDelete', 'UpdateTimeToLive'];
/** By which a receipt would be another one. */
const WAYS_TO_FORGE = ['UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLInsert', 'PartiQLUpdate', 'PartiQLDelete'];
const DELETES = { action: 'DeleteItem', never: OTHER_WAYS, neverBy: 'NoOtherWayToDelete' } as const;
const PUTS = { action: 'PutItem', never: WAYS_TO_FORGE, neverBy: 'NobodyChangesOrDeletes' } as const;

/** The functions of a deployment: first those that see the last children go, at the end the sweep. */
export function namesInOrder({ functions, kinds }: Plan): readonly string[] {
  const isOfLeaves = (name: string) => functions[name]?.kinds.some((kind) => kinds[kind]?.isGuarded === false) === true;
  const isOfAttachments = (name: string) => functions[name]?.kinds.length === 0;
  const names = Object.keys(functions);
  return [
    ...names.filter(isOfLeaves),
    ...names.filter(isOfAttachments),
    ...names.filter((name) => !isOfLeaves(name) && !isOfAttachments(name)),
    'sweep',
  ];
}

/** What each table needs where not only its users delete. lib/infra has the same of the same plan; a test holds the two together. */
export function guardsOf(plan: Plan): Readonly<Record<string, Guard>> {
  const permissions = permissionsOf(plan.kinds, plan.functions);
  return Object.fromEntries(
    Object.entries(plan.tables).flatMap(([table, { deletes, isWhole }]): [string, Guard][] => {
      if (deletes === undefined) return [];
      const how = deletes.by === 'nobody' ? PUTS : DELETES;
      const by = namesInOrder(plan).filter((name) => permissions[name]?.[table]?.includes(how.action));
      const onlyThem = deletes.by !== 'granted';
      return [[table, { ...how, by, onlyThem, inTransaction: deletes.inTransaction, isShared: !isWhole }]];
    }),
  );
}

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
export type Roles = Readonly<Partial<Record<string, string>>>;

/** What is looked at: a table, and its policy; undefined: it has none. */
export interface GuardedFacts {
  readonly facts: TableFacts;
  readonly policy: string | undefined;
}

/** One check for each table that is guarded. @param all how many functions the deployment has */
export function checkGuard(guard: Guard, { facts, policy }: GuardedFacts, roles: Roles, all: number): Check {
  const name = `policy of ${facts.name}`;
  const expected = expectation(guard);
  const denials = policy === undefined ? [] : denialsOf(policy);
  const problem = policy === undefined ? NO_POLICY : problemOf(guard, denials, roles, all);
  if (problem === undefined) return passed(name, expected, `a policy that says so${unknownWords(guard, roles)}`);
  const [fault, seen] = problem;
  if (guard.isShared && fault === 'unguarded table') {
    return notLookedAt(
      name,
      expected,
      `${seen}; it may hold items of no kind, so it has no such policy where it was brought along: let no program delete its items raw`,
    );
  }
  // A table whose deletion is denied, or protected, stays so.
  const isKept = facts.deletionProtection || denials.some(({ actions }) => covers(actions, 'dynamodb:DeleteTable'));
  return failed(name, fault, { expected, seen, fix: fixOf(guard, facts, isKept, roles) });
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

function problemOf(
  guard: Guard,
  denials: readonly Denial[],
  roles: Roles,
  all: number,
): readonly [Fault, string] | undefined {
  const ofAction = denials.filter(
    ({ actions, conditions }) => covers(actions, `dynamodb:${guard.action}`) && !isOfReplication(conditions),
  );
  const lists = ofAction.flatMap(({ conditions }) => allowedPrincipals(conditions) ?? []);
  if (guard.onlyThem && lists.length === 0) {
    return ['unguarded table', `no statement that denies ${guard.action} to everyone but the deallocator`];
  }
  const known = Object.entries(roles) as [string, string][];
  const lacking = known.filter(([name, arn]) => guard.by.includes(name) && lists.some((list) => !list.includes(arn)));
  if (lacking.length > 0) {
    const whose = lacking.map(([name, arn]) => `${name} (${arn})`).join(', ');
    return ['roles of another deployment', `it denies ${guard.action} to ${whose}: nothing can be deleted`];
  }
  const strangers = known.length === all ? strangersIn(lists, known) : [];
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

function strangersIn(lists: readonly (readonly string[])[], known: readonly (readonly [string, string])[]) {
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
export function neededPolicy(guard: Guard, isKept: boolean, roles: Roles): string {
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

function fixOf(guard: Guard, { arn }: TableFacts, isKept: boolean, roles: Roles): string {
  const unknown = guard.by.filter((name) => roles[name] === undefined);
  if (unknown.length > 0) {
    return `run "deallocator audit --deployed", which prints the policy; it must be let read the functions, as the policy names the roles of ${unknown.join(', ')}`;
  }
  return `aws dynamodb put-resource-policy --resource-arn ${arn} --policy '${neededPolicy(guard, isKept, roles)}'`;
}
