/** The SDK's document client with its answers in a test's hands: a command that no test expects fails. */
import {
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { Requests } from '../../lib/dynamodb/requests.ts';
import type { PhysicalNames } from '../../lib/dynamodb/schema.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import type { Rules } from '../../lib/protocol/rules.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';

export function mockedRequests() {
  const db = connect({ region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  const mock = mockClient(db);
  mock.onAnyCommand().rejects(new Error('no test expects this command'));
  const chance = testChance();
  const retries: string[] = [];
  const observer = { onRetry: (failure: string, request: string) => retries.push(`${request} ${failure}`) };
  return {
    db,
    mock,
    chance,
    /** What the observer was told. */
    retries,
    requests: new Requests(db, chance, observer),
    open: (tables: PhysicalNames, rules?: Rules, plan?: Plan) =>
      openDatabase(db, tables, { chance, observer, rules, plan, isLearned: true }),
    /** All commands sent so far: their names and inputs. */
    sent: () => mock.calls().map(({ args: [command] }) => [command.constructor.name, command.input] as const),
    inputs: () => mock.calls().map(({ args: [command] }) => command.input as never as Record<string, unknown>),
  };
}

/** A failure as the SDK throws it. */
export function sdkError(name: string, more: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(`${name} happened`), { name, $metadata: { httpStatusCode: 400 } }, more);
}

/** A network failure as Node throws it. */
export function networkError(code: string): Error {
  return Object.assign(new Error(`read ${code}`), { code });
}

export function cancelled(...codes: (string | undefined | CancellationReason)[]): TransactionCanceledException {
  return new TransactionCanceledException({
    message: 'Transaction cancelled, please refer cancellation reasons for specific reasons',
    $metadata: { httpStatusCode: 400 },
    CancellationReasons: codes.map((code) => (typeof code === 'object' ? code : { Code: code })),
  });
}

export function refused(item?: Record<string, unknown>): ConditionalCheckFailedException {
  return new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: { httpStatusCode: 400 },
    ...(item && { Item: marshall(item) }),
  });
}
