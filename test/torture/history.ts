/**
 * What really happened, in order: the records of the four streams, read from the engine itself, behind every fault's back.
 * The engine numbers the records of all tables of a database together, as they are committed, so that their numbers are one
 * order of everything but the counters. That makes the promises about the moment of a deletion provable afterwards: what
 * lived at that moment is what earlier records made and none had removed.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { SwarmkitNames } from '../../lib/dynamodb/schema.ts';
import { EngineConnection } from '../../lib/local/dynamodb/engine-connection.ts';
import { fromEngineArns } from '../../lib/local/dynamodb/tables.ts';
import { StreamReader } from '../../lib/local/streams/reader.ts';
import type { StoredParent } from '../../lib/protocol/invariants.ts';
import type { Violation } from '../../lib/protocol/violations.ts';
import { networksOf } from '../support/swarmkit.ts';

type StreamedTable = Exclude<keyof SwarmkitNames, 'counters'>;
type Row = Record<string, unknown>;

export interface Happening {
  readonly number: number;
  readonly table: StreamedTable;
  readonly name: string;
  readonly keys: Row;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

const STREAMED: readonly StreamedTable[] = ['services', 'tasks', 'networks', 'attachments'];

export async function readHistory(
  enginePort: number,
  databaseId: string,
  tables: SwarmkitNames,
): Promise<readonly Happening[]> {
  const engine = new EngineConnection(enginePort, databaseId);
  try {
    const streams = STREAMED.map(async (table) => {
      const { Table } = await engine.call('DescribeTable', { TableName: tables[table] });
      const { LatestStreamArn } = Table as { readonly LatestStreamArn: string };
      const reader = new StreamReader(enginePort, databaseId, fromEngineArns(LatestStreamArn));
      try {
        return await readStream(table, reader);
      } finally {
        reader.close();
      }
    });
    return (await Promise.all(streams)).flat().sort((a, b) => a.number - b.number);
  } finally {
    engine.close();
  }
}

async function readStream(table: StreamedTable, reader: StreamReader): Promise<Happening[]> {
  const happenings: Happening[] = [];
  for (const { shardId } of await reader.listShards()) {
    const shard = reader.openShard(shardId, 'TRIM_HORIZON');
    for (let isMore = true; isMore && !shard.ended; ) {
      const records = await shard.read();
      isMore = records.length > 0;
      for (const { record } of records) {
        const { Keys, OldImage, NewImage, SequenceNumber } = record.dynamodb;
        happenings.push({
          number: Number(SequenceNumber),
          table,
          name: record.eventName,
          keys: native(Keys),
          before: OldImage === undefined ? undefined : native(OldImage),
          after: NewImage === undefined ? undefined : native(NewImage),
        });
      }
    }
  }
  return happenings;
}

function native(image: unknown): Row {
  return unmarshall(image as Record<string, AttributeValue>);
}

/** Whose happening it is, for schedules whose ids begin with a name of their own. */
export function subjectOf({ keys }: Happening): string {
  return String(keys.serviceId ?? (keys.held as string | undefined)?.replace('network#', '') ?? keys.id);
}

export function tellHappening({ number, table, name, keys, before, after }: Happening): string {
  const mark = (row: Row | undefined) =>
    row?.pendingDelete === true ? ` marked ${row.markedAt ?? 'without time'}` : '';
  const what = `${name} ${table} ${Object.values(keys).join('/')}`;
  return `#${number} ${what}${name === 'REMOVE' ? mark(before) : mark(after)}`;
}

export interface Judgement {
  readonly violations: readonly Violation[];
  readonly servicesDeleted: number;
  readonly networksDeleted: number;
}

/** Goes through one schedule's history and checks each deletion at its moment. */
export function judge(history: readonly Happening[]): Judgement {
  const services = new Map<string, StoredParent>();
  const tasks = new Map<string, Set<string>>();
  const attachments = new Set<string>();
  const violations: Violation[] = [];
  const add = (promise: Violation['promise'], subject: string, happening: Happening, message: string) =>
    violations.push({ promise, subject, message: `#${happening.number}: ${message}` });
  let servicesDeleted = 0;
  let networksDeleted = 0;

  for (const [index, happening] of history.entries()) {
    const { table, name, keys, before, after } = happening;
    const isRemoval = name === 'REMOVE';
    const id = String(keys.id);
    if (table === 'attachments') {
      const pair = JSON.stringify([keys.held, keys.holder]);
      if (isRemoval) attachments.delete(pair);
      else attachments.add(pair);
    } else if (table === 'tasks') {
      const serviceId = String(keys.serviceId);
      const living = tasks.get(serviceId) ?? new Set();
      tasks.set(serviceId, living);
      if (isRemoval) living.delete(id);
      else living.add(id);
      const parent = services.get(serviceId);
      if (!isRemoval && (parent === undefined || parent.pendingDelete === true)) {
        add(
          'S1',
          `service#${serviceId}`,
          happening,
          `task ${id} was put although its service was ${parent ? 'marked' : 'gone'}`,
        );
      }
    } else if (!isRemoval) {
      if (table === 'services') services.set(id, after as unknown as StoredParent);
    } else {
      const kind = table === 'services' ? 'service' : 'network';
      const subject = `${kind}#${id}`;
      if (before?.pendingDelete !== true) add('S3', subject, happening, `${subject} was deleted without a mark`);
      if (kind === 'service') {
        servicesDeleted += 1;
        services.delete(id);
        const living = tasks.get(id)?.size ?? 0;
        if (living > 0) add('S1', subject, happening, `${subject} was deleted while ${living} of its tasks existed`);
        for (const left of leftBehind(happening, attachments, history.slice(index + 1))) {
          add('S6', subject, happening, `${subject} was deleted without its attachment to ${left}`);
        }
      } else {
        networksDeleted += 1;
        for (const user of services.values()) {
          if (referencesOf(user).includes(id))
            add('S2', subject, happening, `${subject} was deleted while service#${user.id} used it`);
        }
      }
    }
  }
  return { violations, servicesDeleted, networksDeleted };
}

/**
 * A transaction's records follow each other in the order of its actions. An item of the counters table takes a number too,
 * but makes no record.
 */
const NUMBER_STEP_MAX = 2;

/** Networks whose attachment to the service did not go in the transaction that removed it. */
function leftBehind(removal: Happening, attachments: ReadonlySet<string>, following: Iterable<Happening>): string[] {
  const name = `service#${removal.keys.id}`;
  const left = new Set(
    [...attachments]
      .map((pair) => JSON.parse(pair) as [held: string, holder: string])
      .flatMap(([held, holder]) => (holder === name ? [held] : [])),
  );
  let { number } = removal;
  for (const next of following) {
    if (next.number > number + NUMBER_STEP_MAX || next.name !== 'REMOVE' || next.keys.holder !== name) break;
    left.delete(String(next.keys.held));
    number = next.number;
  }
  return [...left];
}

function referencesOf(service: StoredParent): readonly string[] {
  return networksOf(service);
}
