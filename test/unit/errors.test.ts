import { describe, expect, it } from 'vitest';
import { parseItemName } from '../../lib/lifecycle/ids.ts';
import { itemName, sameItem } from '../../lib/lifecycle/keys.ts';
import { DeallocatorError, isDeallocatorError } from '../../lib/protocol/errors.ts';
import { mapInParallel } from '../../lib/protocol/parallel.ts';
import { PLAN } from '../support/swarmkit.ts';

describe('an error of ours', () => {
  it('names nothing in the way, nothing done and no cause unless told', () => {
    const bare = new DeallocatorError('Aborted', 'what happened');
    expect(bare).toMatchObject({ blockers: [], done: [] });
    expect('cause' in bare).toBe(false);
    const full = new DeallocatorError('Aborted', 'what', { cause: 'why', blockers: ['service#web'], done: ['t1'] });
    expect(full).toMatchObject({ cause: 'why', blockers: ['service#web'], done: ['t1'] });
  });

  it('is known by its name and code, of whatever copy of the class it is', () => {
    const foreign = Object.assign(new Error('from a copy'), { name: 'DeallocatorError', code: 'NotFound' });
    for (const error of [new DeallocatorError('NotFound', 'gone'), foreign]) {
      expect(isDeallocatorError(error)).toBe(true);
      expect(isDeallocatorError(error, 'NotFound')).toBe(true);
      expect(isDeallocatorError(error, 'Aborted')).toBe(false);
    }
    const named = Object.assign(new Error('no code'), { name: 'DeallocatorError' });
    const coded = Object.assign(new Error('another'), { code: 'NotFound' });
    const like = { name: 'DeallocatorError', code: 'NotFound' };
    for (const other of [named, coded, like, undefined, null, 'NotFound'])
      expect(isDeallocatorError(other)).toBe(false);
  });
});

describe('a parent’s name', () => {
  it('says which it is, and nothing else does', () => {
    const web = { kind: 'service', id: 'web' } as const;
    expect(parseItemName(PLAN, itemName(web))).toEqual(web);
    for (const name of ['web', '#web', 'service#', 'task#web', '']) expect(parseItemName(PLAN, name)).toBeUndefined();
    expect(sameItem(web, { ...web })).toBe(true);
    expect(sameItem(web, { kind: 'network', id: 'web' })).toBe(false);
    expect(sameItem(web, { kind: 'service', id: 'api' })).toBe(false);
  });
});

describe('side by side', () => {
  it('throws the first failure in order, once all that had started have ended', async () => {
    const ended: number[] = [];
    const work = async (n: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      ended.push(n);
      if (n > 1) throw new Error(`no ${n}`);
      return n * 2;
    };
    await expect(mapInParallel([1, 2, 3], 3, work)).rejects.toThrow('no 2');
    expect(ended.sort()).toEqual([1, 2, 3]);
    expect(await mapInParallel([1, 0], 1, work)).toEqual([2, 0]);
  });

  it('does no more at a time than it may', async () => {
    let [running, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    await mapInParallel([1, 2, 3, 4, 5], 2, work);
    expect(most).toBe(2);
  });
});
