import { describe, expect, it } from 'vitest';
import { QUEUE_MESSAGES_MAX } from '../../lib/local/ground/limits.ts';
import { Queues } from '../../lib/local/sqs/queues.ts';
import { readStack } from '../../lib/local/template/stack.ts';

const ENDPOINT = 'http://127.0.0.1:1';
const ARN = 'arn:aws:sqs:us-east-1:000000000000:S-Letters';

function createQueues(properties: Record<string, unknown> = {}) {
  const clock = { nowEpochMillis: 1_000_000 };
  const Resources = Object.fromEntries(
    ['Letters', 'Others'].map((id) => [id, { Type: 'AWS::SQS::Queue', Properties: properties }]),
  );
  const stack = readStack({ template: { Resources }, stackName: 'S' } as Parameters<typeof readStack>[0]);
  const queues = new Queues(stack, ENDPOINT, () => clock.nowEpochMillis);
  const [letters, others] = ['Letters', 'Others'].map((id) => queues.findByUrl(`${ENDPOINT}/000000000000/S-${id}`));
  if (letters === undefined || others === undefined) throw new Error('a queue has no URL');
  return { clock, queues, letters, others };
}

describe('a queue', () => {
  it('shows a message again when its time is over, and not a millisecond before', () => {
    const { clock, queues, letters } = createQueues();
    queues.send(ARN, 'a');
    const [first] = queues.receive(letters, 10, 30);
    expect(first).toMatchObject({ body: 'a', receiveCount: 1, sentEpochMillis: 1_000_000 });
    clock.nowEpochMillis += 29_999;
    expect(queues.receive(letters, 10, 30)).toEqual([]);
    expect(queues.count(letters)).toEqual({ visible: 0, notVisible: 1 });
    clock.nowEpochMillis += 1;
    expect(queues.count(letters)).toEqual({ visible: 1, notVisible: 0 });
    const second = { receiveCount: 2, firstReceivedEpochMillis: 1_000_000 };
    expect(queues.receive(letters, 10, 30)).toMatchObject([second]);
  });

  it('takes a receipt whose time is over, unless the message has been received again since', () => {
    const { clock, queues, letters } = createQueues();
    for (const body of ['a', 'b']) queues.send(ARN, body);
    const [a, b] = queues.receive(letters, 10, 30).map(({ receiptHandle }) => receiptHandle);
    clock.nowEpochMillis += 30_000;
    expect(queues.receive(letters, 1, 30)).toMatchObject([{ body: 'a' }]);
    expect([a, b].map((handle) => queues.delete(letters, handle ?? ''))).toEqual([true, true]);
    expect(queues.messages()).toEqual([{ queue: 'Letters', body: 'a', messageAttributes: {} }]);
  });

  it('knows nothing of another one’s messages and receipts', () => {
    const { queues, letters, others } = createQueues();
    queues.send(ARN, 'a');
    expect(queues.receive(others, 10, 30)).toEqual([]);
    expect(queues.count(others)).toEqual({ visible: 0, notVisible: 0 });
    const [message] = queues.receive(letters, 10, 30);
    expect(queues.delete(others, message?.receiptHandle ?? '')).toBe(false);
    expect(queues.messages()).toHaveLength(1);
  });

  it('hides for as long as its template says', () => {
    expect(createQueues({ VisibilityTimeout: 0 }).letters.visibilityTimeoutSeconds).toBe(0);
    expect(createQueues().letters.visibilityTimeoutSeconds).toBe(30);
    expect(() => createQueues({ VisibilityTimeout: 43_201 })).toThrow('VisibilityTimeout is 43201');
  });

  it('loses the oldest message when there are too many', () => {
    const { queues } = createQueues();
    for (let n = 0; n <= QUEUE_MESSAGES_MAX; n += 1) queues.send(ARN, n);
    const bodies = queues.messages().map(({ body }) => body);
    expect([bodies.length, bodies[0], bodies.at(-1)]).toEqual([QUEUE_MESSAGES_MAX, 1, QUEUE_MESSAGES_MAX]);
  });
});
