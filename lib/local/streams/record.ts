/** A record of the engine's stream → a record of Lambda's event. */
import { REGION } from '../template/intrinsics.ts';

type Image = Readonly<Record<string, unknown>>;

interface RecordData {
  readonly ApproximateCreationDateTime: number;
  readonly Keys: Image;
  readonly NewImage?: Image;
  readonly OldImage?: Image;
  readonly SequenceNumber: string;
  readonly SizeBytes: number;
  readonly StreamViewType: string;
}

/** As GetRecords answers it. Its attribute values are written as Lambda writes them: binaries in base64. */
export interface EngineRecord {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventVersion: string;
  readonly dynamodb: RecordData;
  readonly userIdentity?: { readonly Type?: string; readonly PrincipalId?: string };
}

/** As in `@types/aws-lambda`, with nothing optional that is always there. */
export interface StreamRecord extends Omit<EngineRecord, 'userIdentity'> {
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly eventSourceARN: string;
  readonly userIdentity?: { readonly type: string; readonly principalId: string };
}

const SECONDS_PER_MINUTE = 60;

/** The engine rounds to the minute, AWS to the second: the second of arrival, if that lies in the engine's minute. */
function toCreationSeconds(createdSeconds: number, arrivedEpochMillis: number): number {
  return Math.min(Math.floor(arrivedEpochMillis / 1000), Math.floor(createdSeconds) + SECONDS_PER_MINUTE - 1);
}

export function toStreamRecord(record: EngineRecord, streamArn: string, arrivedEpochMillis: number): StreamRecord {
  const { eventID, eventName, eventVersion, dynamodb, userIdentity } = record;
  // The engine's name for a removal by time to live. It leaves out the identity.
  const expired = eventName === 'UNKNOWN_TO_SDK_VERSION';
  const createdSeconds = toCreationSeconds(dynamodb.ApproximateCreationDateTime, arrivedEpochMillis);
  return {
    eventID,
    eventName: expired ? 'REMOVE' : eventName,
    eventVersion,
    eventSource: 'aws:dynamodb',
    awsRegion: REGION,
    dynamodb: { ...dynamodb, ApproximateCreationDateTime: createdSeconds },
    eventSourceARN: streamArn,
    ...((expired || userIdentity?.Type !== undefined) && {
      userIdentity: {
        type: userIdentity?.Type ?? 'Service',
        principalId: userIdentity?.PrincipalId ?? 'dynamodb.amazonaws.com',
      },
    }),
  };
}
