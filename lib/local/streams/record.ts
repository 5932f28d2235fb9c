/** A record of the engine's stream → a record of Lambda's event. */
import type { _Record, AttributeValue } from '@aws-sdk/client-dynamodb-streams';
import { REGION } from '../template/intrinsics.ts';

/** As in `@types/aws-lambda`, with nothing optional that is always there. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventVersion: string;
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number;
    readonly Keys: unknown;
    readonly NewImage?: unknown;
    readonly OldImage?: unknown;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
  readonly eventSourceARN: string;
  readonly userIdentity?: { readonly type: string; readonly principalId: string };
}

const SECONDS_PER_MINUTE = 60;

/** Binaries become base64, everything else is already as Lambda has it. */
export function toWireValue(value: AttributeValue): unknown {
  const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  if (value.B !== undefined) return { B: encode(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(encode) };
  if (value.L !== undefined) return { L: value.L.map(toWireValue) };
  if (value.M !== undefined) return { M: toWireImage(value.M) };
  return value;
}

function toWireImage(image: Readonly<Record<string, AttributeValue>>): Record<string, unknown> {
  // The AWS SDK leaves nothing but the name of an attribute called __proto__.
  const there = Object.entries(image).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there.map(([name, value]) => [name, toWireValue(value)]));
}

/** The engine rounds to the minute, AWS to the second: the second of arrival, if that lies in the engine's minute. */
function toCreationSeconds(created: Date | undefined, arrivedEpochMillis: number): number {
  const arrivedSeconds = Math.floor(arrivedEpochMillis / 1000);
  if (created === undefined) return arrivedSeconds;
  return Math.min(arrivedSeconds, Math.floor(created.getTime() / 1000) + SECONDS_PER_MINUTE - 1);
}

export function toStreamRecord(record: _Record, streamArn: string, arrivedEpochMillis: number): StreamRecord {
  const data = record.dynamodb ?? {};
  // The engine's name for a removal by time to live; it leaves out who did it.
  const expired = String(record.eventName) === 'UNKNOWN_TO_SDK_VERSION';
  const identity = record.userIdentity;
  return {
    eventID: record.eventID ?? '',
    eventName: expired ? 'REMOVE' : (record.eventName ?? ''),
    eventVersion: record.eventVersion ?? '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: REGION,
    dynamodb: {
      ApproximateCreationDateTime: toCreationSeconds(data.ApproximateCreationDateTime, arrivedEpochMillis),
      Keys: toWireImage(data.Keys ?? {}),
      ...(data.NewImage !== undefined && { NewImage: toWireImage(data.NewImage) }),
      ...(data.OldImage !== undefined && { OldImage: toWireImage(data.OldImage) }),
      SequenceNumber: data.SequenceNumber ?? '',
      SizeBytes: data.SizeBytes ?? 0,
      StreamViewType: data.StreamViewType ?? '',
    },
    eventSourceARN: streamArn,
    ...((expired || identity?.Type !== undefined) && {
      userIdentity: {
        type: identity?.Type ?? 'Service',
        principalId: identity?.PrincipalId ?? 'dynamodb.amazonaws.com',
      },
    }),
  };
}
