/** Checks tables that the user brings, before anything is deployed, as far as the same app defines them. */
import { Stack, Token } from 'aws-cdk-lib';
import { CfnGlobalTable, CfnTable, type ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { MARKED_INDEX, TABLES, type TableName } from '../dynamodb/schema.ts';

/** What is checked of either kind of table, as CloudFormation has it. */
interface Definition {
  readonly keySchema?: readonly Key[];
  readonly attributeDefinitions?: readonly { readonly attributeName: string; readonly attributeType: string }[];
  readonly streamSpecification?: { readonly streamViewType?: string };
  readonly globalSecondaryIndexes?: readonly { readonly indexName: string; readonly keySchema: readonly Key[] }[];
  readonly replicas?: readonly unknown[];
}

interface Key {
  readonly attributeName: string;
  readonly keyType: string;
}

/** What a table must have, beside the schema's keys and index. */
export interface Wanted {
  readonly name: TableName;
  readonly stream: string | undefined;
}

/**
 * Takes the table if it has what it must have. What can still change, such as an index that is added later, is checked when
 * the app is synthesized. An imported table can only be checked for its stream's ARN.
 */
export function adopt(scope: Construct, table: ITable, wanted: Wanted): ITable {
  if (wanted.stream !== undefined && table.tableStreamArn === undefined) {
    throw new Error(
      `${scope.node.path}: tables.${wanted.name} has no stream; give "${table.node.path}" one of view type ` +
        `${wanted.stream}, or its tableStreamArn if it is imported`,
    );
  }
  const { defaultChild } = table.node;
  if (CfnTable.isCfnTable(defaultChild) || CfnGlobalTable.isCfnGlobalTable(defaultChild)) {
    scope.node.addValidation({
      validate: () => {
        const definition = read(defaultChild);
        return findProblems(definition, wanted).map(
          (problem) => `tables.${wanted.name} ("${table.node.path}") ${problem}`,
        );
      },
    });
  }
  return table;
}

/** If two roles share a table, their items mix; each needs its own. */
export function refuseSharing(scope: Construct, tables: Readonly<Record<TableName, ITable>>): void {
  const names = Object.keys(tables) as TableName[];
  for (const name of names) {
    const other = names.find((one) => one !== name && tables[one] === tables[name]);
    if (other === undefined) continue;
    throw new Error(
      `${scope.node.path}: tables.${name} and tables.${other} are the same table; give each of the six its own`,
    );
  }
}

function read(table: CfnTable | CfnGlobalTable): Definition {
  const { keySchema, attributeDefinitions, streamSpecification, globalSecondaryIndexes } = table;
  const replicas = CfnGlobalTable.isCfnGlobalTable(table) ? table.replicas : [];
  return Stack.of(table).resolve({
    keySchema,
    attributeDefinitions,
    streamSpecification,
    globalSecondaryIndexes,
    replicas,
  });
}

function findProblems(definition: Definition, { name, stream }: Wanted): string[] {
  const { partitionKey, sortKey, marked } = TABLES[name];
  const problems: string[] = [];
  const keys = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])];
  const seen = namesOf(definition.keySchema);
  if (seen.join() !== keys.join()) {
    problems.push(`has the key ${seen.join(', ')}, and must have ${keys.join(', ')}: create it with that key`);
  }
  const index = definition.globalSecondaryIndexes?.find(({ indexName }) => indexName === MARKED_INDEX.name);
  const indexKeys = [MARKED_INDEX.partitionKey, MARKED_INDEX.sortKey];
  if (marked && namesOf(index?.keySchema).join() !== indexKeys.join()) {
    problems.push(
      `has no index "${MARKED_INDEX.name}" on ${indexKeys.join(', ')}: add it, with the projection KEYS_ONLY or more`,
    );
  }
  for (const attribute of marked ? [...keys, MARKED_INDEX.sortKey] : keys) {
    const type = definition.attributeDefinitions?.find(
      ({ attributeName }) => attributeName === attribute,
    )?.attributeType;
    if (type !== undefined && type !== 'S')
      problems.push(`has "${attribute}" of type ${type}, and must have it of type S`);
  }
  const view = definition.streamSpecification?.streamViewType;
  if (stream !== undefined && !Token.isUnresolved(view) && !isEnough(view, stream)) {
    problems.push(
      `has a stream of view type ${view}, and must have ${stream}: see docs/upgrading.md before you change it`,
    );
  }
  if ((definition.replicas?.length ?? 0) > 1) {
    problems.push('has replicas: each Region would count each removal; take them away, and see docs/runbook.md');
  }
  return problems;
}

/** Both images together hold what any other view holds. */
function isEnough(view: string | undefined, wanted: string): boolean {
  return view === wanted || view === 'NEW_AND_OLD_IMAGES' || (wanted === 'KEYS_ONLY' && view !== undefined);
}

function namesOf(keys: readonly Key[] = []): string[] {
  return [...keys].sort((a, b) => a.keyType.localeCompare(b.keyType)).map(({ attributeName }) => attributeName);
}
