/**
 * Decrements and recounts of many counters, 25 in a request. Each statement of a batch stands alone: one that is refused, throttled
 * or in conflict changes nothing for the others, and is sent alone, as it would have been without them.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html
 */
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  type BatchStatementResponse,
} from '@aws-sdk/client-dynamodb';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { STATEMENTS_MAX } from '../protocol/limits.ts';
import type { Counter } from '../protocol/model.ts';
import { chunks } from '../protocol/parallel.ts';
import type { Recounted } from '../protocol/store.ts';
import type { Address } from './addresses.ts';
import { attributeOf } from './client.ts';
import { epochIs, isThere } from './conditions.ts';
import type { Database } from './database.ts';
import { expressed } from './expressions.ts';
import { gather, type Outcome } from './gather.ts';
import type { ReadItem } from './gathered-reads.ts';
import { COUNTER_PATHS, counterOf } from './items.ts';
import { native } from './requests.ts';

export interface Decrement {
  readonly parent: ItemKey;
  readonly by: number;
  readonly progressedAt: string;
}

export interface Recount {
  readonly parent: ItemKey;
  readonly epoch: string;
  readonly add: number;
  readonly fresh: string;
}

/** One kind of change: as a request of its own, as a statement, and what the statement's answer says. */
interface Change<Q, A> {
  alone(question: Q): Promise<A>;
  /** Behind `UPDATE "table"`: DynamoDB's parameters are question marks, in their order. */
  readonly clauses: string;
  values(question: Q, id: string): readonly unknown[];
  /** The statement was carried out, and this counter was seen after it. */
  done(question: Q, seen: Counter | undefined): A;
  /** Its condition was false. Undefined: the answer tells too little. */
  refused(found: Counter | undefined): { readonly answer: A } | undefined;
}

export function gatherDecrements(
  database: Database,
  read: ReadItem,
): (question: Decrement) => Promise<Counter | undefined> {
  return gatherChanges<Decrement, Counter | undefined>(database, read, {
    alone: async ({ parent, by, progressedAt }) => {
      const less = {
        expression: 'SET #remaining = #remaining - :by, #progressedAt = :progressedAt',
        values: { ':by': by, ':progressedAt': progressedAt },
      };
      const address = database.at.counter(parent);
      const written = await database.requests.update({
        ...address,
        ...expressed({ update: less, condition: isThere(address) }),
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'NONE',
      });
      return written.status === 'done' ? counterOf(written.item) : undefined;
    },
    // An UPDATE never creates an item.
    clauses: 'SET "remaining" = "remaining" - ? SET "progressedAt" = ? WHERE "id" = ?',
    values: ({ by, progressedAt }, id) => [by, progressedAt, id],
    done: (_, seen) => seen,
    refused: () => ({ answer: undefined }),
  });
}

export function gatherRecounts(database: Database, read: ReadItem): (question: Recount) => Promise<Recounted> {
  return gatherChanges<Recount, Recounted>(database, read, {
    alone: async ({ parent, epoch, add, fresh }) => {
      const more = {
        expression: 'SET #remaining = #remaining + :add, #epoch = :fresh',
        values: { ':add': add, ':fresh': fresh },
      };
      const written = await database.requests.update({
        ...database.at.counter(parent),
        ...expressed({ update: more, condition: epochIs(epoch) }),
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      if (written.status === 'done') return { status: 'done', counter: counterOf(written.item) };
      return { status: 'failed', found: written.found && counterOf(written.found) };
    },
    clauses: 'SET "remaining" = "remaining" + ? SET "epoch" = ? WHERE "id" = ? AND "epoch" = ?',
    values: ({ add, fresh, epoch }, id) => [add, fresh, id, epoch],
    // Another may have changed it before it was read: then it is as if this answer had been lost, and the recount sent again.
    done: ({ fresh }, seen) =>
      seen?.epoch === fresh ? { status: 'done', counter: seen } : { status: 'failed', found: seen },
    refused: (found) => found && { answer: { status: 'failed', found } },
  });
}

function gatherChanges<Q extends { readonly parent: ItemKey }, A>(
  { requests, at }: Database,
  read: ReadItem,
  { alone, clauses, values, done, refused }: Change<Q, A>,
): (question: Q) => Promise<A> {
  const table = at.table('counters');
  const statementOf = (question: Q) => ({
    Statement: `UPDATE "${table}" ${clauses} RETURNING ALL NEW *`,
    Parameters: values(question, itemName(question.parent)).map(attributeOf) as [AttributeValue, ...AttributeValue[]],
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  });
  const outcomeOf = (question: Q, address: Address, response: BatchStatementResponse | undefined): Outcome<A> => {
    const { Error: failure, Item } = response ?? {};
    const told = failure?.Item ?? Item;
    // Another's counter says nothing of this one.
    const item = told?.id?.S === itemName(question.parent) ? told : undefined;
    if (failure?.Code === 'ConditionalCheckFailed') {
      const conclusion = refused(item && counterOf(native(item)));
      return async () => (conclusion === undefined ? await alone(question) : conclusion.answer);
    }
    // Perhaps done, perhaps not: sent once more, as after an answer that was lost.
    if (failure !== undefined || response === undefined) return () => alone(question);
    if (item !== undefined) return async () => done(question, counterOf(native(item)));
    return async () => {
      const seen = await read(address, COUNTER_PATHS);
      return done(question, seen && counterOf(native(seen)));
    };
  };
  return gather<Q, A>({
    alone,
    together: async (questions) => {
      const Statements = questions.map(statementOf);
      const { Responses } = await requests.send('BatchExecuteStatement', (db) =>
        db.send(new BatchExecuteStatementCommand({ Statements })),
      );
      // Of more or fewer answers than statements, none has its place.
      const answers = Responses?.length === questions.length ? Responses : [];
      return questions.map((question, place) => outcomeOf(question, at.counter(question.parent), answers[place]));
    },
    // DynamoDB refuses a batch that names an item twice.
    group: (questions) => {
      const firsts = new Map(questions.toReversed().map((question) => [itemName(question.parent), question]));
      const once = questions.filter((question) => firsts.get(itemName(question.parent)) === question);
      const again = questions.filter((question) => !once.includes(question));
      return [...chunks(once, STATEMENTS_MAX), ...again.map((question) => [question])];
    },
  });
}
