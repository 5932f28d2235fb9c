/**
 * What PartiQL costs: the engine never tells. Of updates, those that return their new item; of reads, those of whole partitions by
 * `IN`. How AWS rounds a read of several partitions is not documented: as much as a query of each.
 */
import { itemBytes, readUnits, type WireItem, writeUnits } from './capacity.ts';
import type { Units } from './meter.ts';

type Body = Readonly<Record<string, unknown>>;

interface StatementAnswer {
  readonly Item?: WireItem;
  readonly Error?: { readonly Code: string; readonly Item?: WireItem };
}

/** Of an answer. A false condition costs what the item that is there would, if the statement asks for it. */
export function statementsUnits({ Responses }: Body): Units {
  const answers = (Responses ?? []) as readonly StatementAnswer[];
  const charged = answers.filter(
    ({ Error: failure }) => failure === undefined || failure.Code === 'ConditionalCheckFailed',
  );
  const items = charged.map(({ Item, Error: failure }) => Item ?? failure?.Item);
  return { writeUnits: items.reduce((sum, item) => sum + writeUnits(itemBytes(item)), 0) };
}

const SELECT = /^SELECT (?:"\w+"(?:, )?)+ FROM ("[^"]+" WHERE "(\w+)" IN \[.+\])$/;

/** The same read, with all that it reads. Undefined for any other. */
export function wholeRead(request: Body): Body | undefined {
  const from = SELECT.exec(String(request.Statement))?.[1];
  return from === undefined ? undefined : { ...request, Statement: `SELECT * FROM ${from}` };
}

/** @param whole the answer to {@link wholeRead} */
export function readOfPartitionsUnits({ Statement, Parameters, ConsistentRead }: Body, { Items }: Body): Units {
  const partitionKey = SELECT.exec(String(Statement))?.[2] ?? '';
  const asked = new Set((Parameters as readonly WireItem[]).map((value) => JSON.stringify(value)));
  const consistency = ConsistentRead === true ? 'strong' : 'eventual';
  const bytesOf = (partition: string) =>
    (Items as readonly WireItem[])
      .filter((item) => JSON.stringify(item[partitionKey]) === partition)
      .reduce((sum, item) => sum + itemBytes(item), 0);
  return { readUnits: [...asked].reduce((sum, partition) => sum + readUnits(bytesOf(partition), consistency), 0) };
}
