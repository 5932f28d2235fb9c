/** The PartiQL that the deallocator sends, as the requests that mean the same. Any other throws. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { StoredItem } from './attribute-values.ts';
import { NotInMemoryError } from './not-in-memory.ts';

type Parameters = readonly AttributeValue[];

const UPDATE = /^UPDATE "([^"]+)" SET (.+) WHERE (.+) RETURNING ALL NEW \*$/;
const SETTING = /^"(\w+)" = (?:"(\w+)" ([+-]) )?\?$/;
const EQUALITY = /^"(\w+)" = \?$/;
const NAME = '"((?:[^"]|"")+)"';
const SELECT = new RegExp(
  `^SELECT (${NAME}(?:, ${NAME})?) FROM ${NAME} WHERE ${NAME} IN \\[(\\?(?:, \\?)*)\\](?: AND (?:${NAME} = \\?|begins_with\\(${NAME}, \\?\\)))?$`,
);

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

/** A read of these attributes of all items in several partitions, perhaps of those whose sort keys are, or begin with, a text. */
export function selectOf(statement: string, parameters: Parameters) {
  const [, , first = '', second, TableName = '', partitionKey = '', marks = '', equal, begun] =
    SELECT.exec(statement) ?? unknown(statement);
  const sortKey = equal ?? begun;
  const count = marks.split(', ').length;
  if (first !== partitionKey || parameters.length !== count + (sortKey === undefined ? 0 : 1)) unknown(statement);
  const text = parameters[count]?.S as string;
  return {
    TableName,
    partitionKey: plain(partitionKey),
    attributes: [first, ...(second === undefined ? [] : [second])].map(plain),
    partitions: [...new Set(parameters.slice(0, count).map(({ S }) => S as string))],
    ...(sortKey !== undefined && {
      sort: {
        attribute: plain(sortKey),
        fits: (value: string) => (equal === undefined ? value.startsWith(text) : value === text),
      },
    }),
  };
}

/** A quotation mark in a name is written twice. */
function plain(name: string): string {
  return name.replaceAll('""', '"');
}

function unknown(statement: string): never {
  throw new NotInMemoryError(`the statement ${statement}`);
}
