/** The PartiQL that the deallocator sends, as the requests that mean the same. Any other throws. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { StoredItem } from './attribute-values.ts';
import { NotInMemoryError } from './not-in-memory.ts';

type Parameters = readonly AttributeValue[];

const UPDATE = /^UPDATE "([^"]+)" SET (.+) WHERE (.+) RETURNING ALL NEW \*$/;
const SETTING = /^"(\w+)" = (?:"(\w+)" ([+-]) )?\?$/;
const EQUALITY = /^"(\w+)" = \?$/;
const SELECT = /^SELECT ("\w+"(?:, "\w+")?) FROM "([^"]+)" WHERE "(\w+)" IN \[(\?(?:, \?)*)\]$/;

/** An update of an item that is there: PartiQL's creates none. */
export function updateOf(
  statement: string,
  parameters: Parameters,
  keysOf: (table: string) => readonly string[],
): { readonly TableName: string; readonly Key: StoredItem } & Record<string, unknown> {
  const [, TableName = '', set = '', where = ''] = UPDATE.exec(statement) ?? unknown(statement);
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  const Key: Record<string, AttributeValue> = {};
  let place = 0;
  const named = (name: string) => {
    names[`#${name}`] = name;
    return `#${name}`;
  };
  const valued = () => {
    values[`:p${place}`] = parameters[place] as AttributeValue;
    return `:p${place++}`;
  };
  const settings = set.split(' SET ').map((setting) => {
    const [, name = '', from, sign] = SETTING.exec(setting) ?? unknown(statement);
    return `${named(name)} = ${from === undefined ? '' : `${named(from)} ${sign} `}${valued()}`;
  });
  const conditions: string[] = [];
  for (const part of where.split(' AND ')) {
    const [, name = ''] = EQUALITY.exec(part) ?? unknown(statement);
    if (keysOf(TableName).includes(name)) {
      Key[name] = parameters[place++] as AttributeValue;
      conditions.push(`attribute_exists(${named(name)})`);
    } else conditions.push(`${named(name)} = ${valued()}`);
  }
  if (place !== parameters.length) unknown(statement);
  return {
    TableName,
    Key,
    UpdateExpression: `SET ${settings.join(', ')}`,
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

/** A read of these attributes of all items in several partitions. */
export function selectOf(statement: string, parameters: Parameters) {
  const [, shown = '', TableName = '', partitionKey = '', marks = ''] = SELECT.exec(statement) ?? unknown(statement);
  const attributes = shown.split(', ').map((name) => name.slice(1, -1));
  if (attributes[0] !== partitionKey || marks.split(', ').length !== parameters.length) unknown(statement);
  return { TableName, partitionKey, attributes, partitions: [...new Set(parameters.map(({ S }) => S as string))] };
}

function unknown(statement: string): never {
  throw new NotInMemoryError(`the statement ${statement}`);
}
