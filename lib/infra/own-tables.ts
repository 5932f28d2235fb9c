/** Checks tables that the user brings, before anything is deployed, as far as the same app defines them. */
import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import { CfnGlobalTable, CfnTable, type ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct, IConstruct } from 'constructs';
import { RECEIPT_EXPIRY } from '../dynamodb/schema.ts';
import type { Plan } from '../lifecycle/plan.ts';
import type { TablePlan } from '../lifecycle/tables.ts';
import { refuse } from './refusal.ts';
import { refuseOtherAccount, refuseOtherRegion } from './surroundings.ts';

/** What is checked of either kind of table, as CloudFormation has it. */
interface Definition {
  readonly keySchema?: readonly Key[];
  readonly attributeDefinitions?: readonly { readonly attributeName: string; readonly attributeType: string }[];
  readonly streamSpecification?: { readonly streamViewType?: string };
  readonly globalSecondaryIndexes?: readonly { readonly indexName: string; readonly keySchema: readonly Key[] }[];
  readonly timeToLiveSpecification?: { readonly attributeName?: string; readonly enabled?: boolean };
  /** Whether it has a copy in another Region or account, or is one. */
  readonly isReplicated: boolean;
}

interface Key {
  readonly attributeName: string;
  readonly keyType: string;
}

/** What a table must have. */
export interface Wanted {
  readonly name: string;
  /** Its keys and its index. */
  readonly planned: TablePlan;
  readonly stream: string | undefined;
}

/**
 * What a brought table's stream must carry at least. A created one carries both images whatever its kind, since a view type can't be
 * changed in place; for the same reason one that is there, and carries enough, is taken as it is.
 */
export function streamNeeded({ kinds }: Pick<Plan, 'kinds'>, table: string, stream: string | undefined) {
  const own = Object.values(kinds).filter((kind) => kind.table === table);
  const needsImages = own.some(
    ({ isGuarded, holds, goneWhen }) => isGuarded || holds.length > 0 || goneWhen !== undefined,
  );
  return stream !== undefined && own.length > 0 && !needsImages ? 'KEYS_ONLY' : stream;
}

type DefinedTable = CfnTable | CfnGlobalTable;

/** Undefined for a table that is imported. */
export function definitionOf({ node }: IConstruct): DefinedTable | undefined {
  const { defaultChild } = node;
  const isDefined = CfnTable.isCfnTable(defaultChild) || CfnGlobalTable.isCfnGlobalTable(defaultChild);
  return isDefined ? defaultChild : undefined;
}

/**
 * Takes the table if it has what it must have. What can still change, such as an index that is added later, is checked when
 * the app is synthesized. An imported table can only be checked for its stream's ARN, its Region and its account.
 */
export function adopt(scope: Construct, table: ITable, wanted: Wanted): ITable {
  const what = `tables.${wanted.name} ("${table.node.path}")`;
  refuseElsewhere(scope, what, table);
  if (wanted.stream !== undefined && table.tableStreamArn === undefined) {
    refuse(
      scope,
      `tables.${wanted.name} has no stream; give "${table.node.path}" one of view type ` +
        `${wanted.planned.stream ?? wanted.stream}, or its tableStreamArn if it is imported`,
    );
  }
  const defined = definitionOf(table);
  if (defined !== undefined) {
    scope.node.addValidation({
      validate: () => findProblems(read(table, defined), wanted).map((problem) => `${what} ${problem}`),
    });
  }
  return table;
}

/** The ARN tells what the construct does not: a replica's construct is its table's own, its ARN that of the other Region. */
function refuseElsewhere(scope: Construct, what: string, { env, tableArn, stack }: ITable): void {
  const [, , , region, account] = String(Stack.of(stack).resolve(tableArn)).split(':');
  for (const where of [env, { region: region || env.region, account: account || env.account }]) {
    refuseOtherRegion(scope, what, { env: where });
    refuseOtherAccount(scope, what, where.account, 'deploy the deallocator in the account that the table is of');
  }
}

/** Which deallocator has which table, in the whole app and across copies of this package. */
const OWNERS = Symbol.for('deallocator.owners');

/** If two kinds share a table, their items mix; if two deallocators do, each one's table policy keeps the other from its work. */
export function refuseSharing(scope: Construct, tables: Readonly<Record<string, ITable>>): void {
  const root = scope.node.root as IConstruct & { [OWNERS]?: Map<string, string> };
  root[OWNERS] ??= new Map();
  const owners = root[OWNERS];
  const own = new Map<string, string>();
  for (const [name, table] of Object.entries(tables)) {
    const identity = identify(table);
    const other = own.get(identity);
    if (other !== undefined) {
      refuse(scope, `tables.${other} and tables.${name} are the same table; give each its own`);
    }
    const owner = owners.get(identity);
    if (owner !== undefined) {
      refuse(
        scope,
        `tables.${name} is a table of "${owner}" already, and a table can have one deallocator: neither could delete from it; ` +
          'give this one tables of its own, or use the other one here',
      );
    }
    own.set(identity, name);
    owners.set(identity, scope.node.path);
  }
}

/** An imported table has a construct for each import. An ARN with a reference in it means a table only within its stack. */
function identify(table: ITable): string {
  if (definitionOf(table) !== undefined) return table.node.addr;
  const stack = Stack.of(table.stack);
  const arn: unknown = stack.resolve(table.tableArn);
  return typeof arn === 'string' ? arn : `${stack.node.addr} ${JSON.stringify(arn)}`;
}

function read(table: ITable, defined: DefinedTable): Definition {
  const { keySchema, attributeDefinitions, streamSpecification, globalSecondaryIndexes } = defined;
  const isGlobal = CfnGlobalTable.isCfnGlobalTable(defined);
  const { replicas, witnesses, source, ...definition } = Stack.of(defined).resolve({
    keySchema,
    attributeDefinitions,
    streamSpecification,
    globalSecondaryIndexes,
    timeToLiveSpecification: defined.timeToLiveSpecification,
    replicas: isGlobal ? defined.replicas : [],
    witnesses: isGlobal ? (defined.globalTableWitnesses ?? []) : [],
    source: isGlobal ? defined.globalTableSourceArn : undefined,
  });
  const isReplicated = replicas.length > 1 || witnesses.length > 0 || source !== undefined || hasReplicas(table);
  return { ...definition, isReplicated };
}

/** `Table` makes its replicas by a custom resource. */
function hasReplicas({ node }: ITable): boolean {
  return node
    .findAll()
    .some((one) => CfnResource.isCfnResource(one) && one.cfnResourceType === 'Custom::DynamoDBReplica');
}

function findProblems(definition: Definition, { name, planned, stream }: Wanted): string[] {
  const { markedIndex } = planned;
  const problems = findKeyProblems(definition, planned);
  if (markedIndex !== undefined) {
    const index = definition.globalSecondaryIndexes?.find(({ indexName }) => indexName === markedIndex.name);
    const keys = keysOf(markedIndex);
    if (namesOf(index?.keySchema).join() !== keys.join()) {
      const seen = index === undefined ? '' : `: the one of that name is on ${namesOf(index.keySchema).join(', ')}`;
      problems.push(
        `has no index "${markedIndex.name}" on ${keys.join(', ')}${seen}: add it, with the projection KEYS_ONLY or more`,
      );
    }
  }
  const view = definition.streamSpecification?.streamViewType;
  if (stream !== undefined && !Token.isUnresolved(view) && !isEnough(view, stream)) {
    problems.push(
      `has a stream of view type ${view}, and must have ${stream}: see docs/upgrading.md before you change it`,
    );
  }
  if (definition.isReplicated) {
    problems.push('has replicas: each Region would count each removal; take them away, and see docs/runbook.md');
  }
  return [...problems, ...findExpiryProblems(definition, name, planned)];
}

function keysOf({ partitionKey, sortKey }: Pick<TablePlan, 'partitionKey' | 'sortKey'>): string[] {
  return [partitionKey, ...(sortKey === undefined ? [] : [sortKey])];
}

function findKeyProblems({ keySchema, attributeDefinitions }: Definition, planned: TablePlan): string[] {
  const keys = keysOf(planned);
  const seen = namesOf(keySchema);
  const problems =
    seen.join() === keys.join()
      ? []
      : [`has the key ${seen.join(', ')}, and must have ${keys.join(', ')}: create it with that key`];
  for (const attribute of planned.markedIndex === undefined ? keys : [...keys, planned.markedIndex.sortKey]) {
    const type = attributeDefinitions?.find(({ attributeName }) => attributeName === attribute)?.attributeType;
    if (type !== undefined && type !== 'S')
      problems.push(`has "${attribute}" of type ${type}, and must have it of type S`);
  }
  return problems;
}

/** DynamoDB deletes what has expired without asking anybody: no policy and no proof is in its way. */
function findExpiryProblems({ timeToLiveSpecification }: Definition, name: string, { deletes }: TablePlan): string[] {
  const { attributeName, enabled } = timeToLiveSpecification ?? {};
  if (deletes === undefined || attributeName === undefined || enabled === false) return [];
  if (name === 'receipts') {
    if (attributeName === RECEIPT_EXPIRY) return [];
    return [`has a time to live by "${attributeName}", and must have it by "${RECEIPT_EXPIRY}" or not at all`];
  }
  return [
    `has a time to live by "${attributeName}", by which DynamoDB would delete its items without a proof: take it away`,
  ];
}

/** Both images together hold what any other view holds. */
function isEnough(view: string | undefined, wanted: string): boolean {
  return view === wanted || view === 'NEW_AND_OLD_IMAGES' || (wanted === 'KEYS_ONLY' && view !== undefined);
}

function namesOf(keys: readonly Key[] = []): string[] {
  return [...keys].sort((a, b) => a.keyType.localeCompare(b.keyType)).map(({ attributeName }) => attributeName);
}
