import { describe, expect, it } from 'vitest';
import { planNextStep, readBatchResult } from '../../lib/local/streams/batch-result.ts';

const numbers = ['100', '200', '300'];
const reports = { reportBatchItemFailures: true };
const read = (payload: unknown) => readBatchResult({ error: undefined, payload }, numbers, reports);
const failures = (...ids: unknown[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });

describe('batch result', () => {
  it.each([
    ['null', null],
    ['an empty map', {}],
    ['an empty list of failures', { batchItemFailures: [] }],
    ['null for the list', { batchItemFailures: null }],
    ['a text', 'fine'],
    ['a wrong key at the top, as at AWS', { failures: [{ itemIdentifier: '100' }] }],
  ])('takes %s for a success', (_name, payload) => {
    expect(read(payload)).toEqual({ kind: 'succeeded' });
  });

  it.each([
    ['an empty identifier', failures('')],
    ['a null identifier', failures(null)],
    ['a wrong key', { batchItemFailures: [{ sequenceNumber: '100' }] }],
    ['an unknown sequence number', failures('999')],
    ['a known and an unknown one', failures('200', '999')],
    ['null among the failures', { batchItemFailures: [null] }],
    ['no list', { batchItemFailures: 'all' }],
  ])('takes %s for a failure of the whole batch', (_name, payload) => {
    expect(read(payload)).toEqual({ kind: 'failed' });
  });

  it('takes the lowest failed record for the checkpoint', () => {
    expect(read(failures('300', '200'))).toEqual({ kind: 'partlyFailed', firstFailedIndex: 1 });
  });

  it('ignores the answer of a mapping that did not ask for failures', () => {
    const options = { reportBatchItemFailures: false };
    expect(readBatchResult({ error: undefined, payload: failures('100') }, numbers, options).kind).toBe('succeeded');
  });
});

describe('next step', () => {
  const segment = { items: [1, 2, 3, 4, 5], attempts: 1 };
  const bisects = { bisectBatchOnFunctionError: true, retryAttemptsMax: 1 };
  const keeps = { bisectBatchOnFunctionError: false, retryAttemptsMax: 2 };

  it('halves a failed batch at no attempt', () => {
    expect(planNextStep(segment, { kind: 'failed' }, bisects)).toEqual({
      kind: 'retry',
      segments: [
        { items: [1, 2, 3], attempts: 1 },
        { items: [4, 5], attempts: 1 },
      ],
    });
  });

  it('cuts a partly failed batch at its checkpoint at no attempt', () => {
    const result = { kind: 'partlyFailed', firstFailedIndex: 3 } as const;
    expect(planNextStep(segment, result, bisects)).toEqual({
      kind: 'retry',
      segments: [{ items: [4, 5], attempts: 1 }],
    });
  });

  it('counts an attempt when the first record is the failed one', () => {
    const result = { kind: 'partlyFailed', firstFailedIndex: 0 } as const;
    expect(planNextStep(segment, result, keeps)).toEqual({ kind: 'retry', segments: [{ ...segment, attempts: 2 }] });
    expect(planNextStep({ ...segment, attempts: 2 }, result, keeps)).toEqual({ kind: 'giveUp' });
  });

  it('gives up a single record that can not be halved', () => {
    expect(planNextStep({ items: [1], attempts: 1 }, { kind: 'failed' }, bisects)).toEqual({ kind: 'giveUp' });
  });

  it('retries for ever without a limit', () => {
    const forever = { bisectBatchOnFunctionError: false, retryAttemptsMax: undefined };
    const next = planNextStep({ items: [1], attempts: 10_000 }, { kind: 'failed' }, forever);
    expect(next).toEqual({ kind: 'retry', segments: [{ items: [1], attempts: 10_001 }] });
  });
});
