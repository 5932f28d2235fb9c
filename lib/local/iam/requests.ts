/**
 * What IAM sees in a request: actions on resources. A batch is one action for each table. A transaction is the actions of its
 * parts, each with the operation that encloses it. A PartiQL statement has an action of its own.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
 */
import { ACCOUNT_ID, REGION } from '../template/intrinsics.ts';

export interface DynamoDBRequest {
  readonly service: 'DynamoDB' | 'DynamoDBStreams';
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One action that must be allowed. */
export interface Need {
  /** With its service: `dynamodb:DeleteItem`. */
  readonly action: string;
  readonly resource: string;
  /** The operation that encloses it, for a part of a transaction: `TransactWriteItems`. */
  readonly enclosing?: string;
}

type Body = DynamoDBRequest['body'];

const TRANSACTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  TransactWriteItems: {
    Put: 'PutItem',
    Update: 'UpdateItem',
    Delete: 'DeleteItem',
    ConditionCheck: 'ConditionCheckItem',
  },
  TransactGetItems: { Get: 'GetItem' },
};
const PARTIQL_VERBS: Readonly<Record<string, string>> = {
  SELECT: 'PartiQLSelect',
  INSERT: 'PartiQLInsert',
  UPDATE: 'PartiQLUpdate',
  DELETE: 'PartiQLDelete',
};
/** The verb, and the table's name behind it; quoted, and with an index after a dot where there is one. */
const PARTIQL =
  /^\s*(?:EXISTS\s*\(\s*)?(SELECT(?=\s.*?\sFROM)|INSERT|UPDATE|DELETE)\s+(?:INTO\s+|FROM\s+|(?<=SELECT\s+).*?\sFROM\s+)?(?:"([^"]+)"|([\w.-]+))(?:\."([^"]+)")?/is;
/** For a statement that can't be read: the policies of all tables apply to it, so that it slips past none. */
export const ANY_TABLE = `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/*`;

/** A name, or an ARN, which stands for a name in most requests. */
function tableArn(name: unknown): string {
  const text = String(name);
  const bare = /^arn:[^:]*:dynamodb:[^:]*:[^:]*:table\/(.+)$/s.exec(text)?.[1] ?? text;
  return `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${bare}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function partsOf(operation: string, actions: Readonly<Record<string, string>>, body: Body): Need[] {
  return listOf(body.TransactItems).flatMap((item) =>
    Object.entries(isRecord(item) ? item : {}).flatMap(([kind, part]) =>
      actions[kind] === undefined || !isRecord(part)
        ? []
        : [{ action: `dynamodb:${actions[kind]}`, resource: tableArn(part.TableName), enclosing: operation }],
    ),
  );
}

function statementNeed(statement: unknown, enclosing: string | undefined): Need {
  const within = enclosing !== undefined && { enclosing };
  const [, verb = '', quoted, bare, index] = PARTIQL.exec(String(statement)) ?? [];
  const verbAction = PARTIQL_VERBS[verb.toUpperCase()];
  if (verbAction === undefined) return { action: 'dynamodb:PartiQLDelete', resource: ANY_TABLE, ...within };
  const table = tableArn(quoted ?? bare);
  return {
    action: `dynamodb:${verbAction}`,
    resource: index === undefined ? table : `${table}/index/${index}`,
    ...within,
  };
}

function streamNeed(operation: string, body: Body): Need {
  const action = `dynamodb:${operation}`;
  // The iterator names the stream, as on AWS.
  const inIterator = /arn:aws:dynamodb:[^|"]+/.exec(String(body.ShardIterator ?? ''))?.[0];
  if (operation === 'GetRecords') return { action, resource: inIterator ?? '*' };
  if (operation === 'ListStreams') return { action, resource: `${tableArn(body.TableName ?? '*')}/stream/*` };
  return { action, resource: String(body.StreamArn) };
}

/** Empty for a request without a body, which the engine refuses. */
export function needsOf({ service, operation, body }: DynamoDBRequest): Need[] {
  if (!isRecord(body)) return [];
  if (service === 'DynamoDBStreams') return [streamNeed(operation, body)];
  const action = `dynamodb:${operation}`;
  const parts = TRANSACTIONS[operation];
  if (parts !== undefined) return partsOf(operation, parts, body);
  switch (operation) {
    case 'BatchGetItem':
    case 'BatchWriteItem': {
      const tables = Object.keys(isRecord(body.RequestItems) ? body.RequestItems : {});
      return tables.map((table) => ({ action, resource: tableArn(table) }));
    }
    case 'ExecuteStatement':
      return [statementNeed(body.Statement, undefined)];
    case 'BatchExecuteStatement':
      return listOf(body.Statements).map((one) => statementNeed((one as Body)?.Statement, undefined));
    case 'ExecuteTransaction':
      return listOf(body.TransactStatements).map((one) => statementNeed((one as Body)?.Statement, operation));
    default: {
      const resource = body.ResourceArn === undefined ? tableArn(body.TableName ?? '*') : String(body.ResourceArn);
      const index = operation === 'Query' || operation === 'Scan' ? body.IndexName : undefined;
      return [{ action, resource: index === undefined ? resource : `${resource}/index/${String(index)}` }];
    }
  }
}
