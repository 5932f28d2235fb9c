/** Conditions that only the client's requests carry, which tests without an engine do not send. */
import { expect, it } from 'vitest';
import {
  allOf,
  counterIsAsRead,
  holdsAsRead,
  idBeginsWith,
  isCalledFrom,
  isMarkedAsRead,
  isNotMarkedWithTime,
} from '../../lib/dynamodb/conditions.ts';
import { expressed, type Phrase, setting } from '../../lib/dynamodb/expressions.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import type { MarkedItem } from '../../lib/protocol/model.ts';

const plan = planOf(SWARMKIT);
const { service } = plan.kinds;

const MARKED: MarkedItem = {
  key: { kind: 'service', id: 'web' },
  pendingDelete: true,
  markedAt: 'm1',
  markedBy: undefined,
  markedReason: undefined,
  isProtected: false,
  held: [],
  asRead: {},
};

it('a mark may take the place of no mark, and of a mark without a time', () => {
  expect(isNotMarkedWithTime(plan)).toEqual({
    expression:
      '((attribute_not_exists(#pendingDelete) OR #pendingDelete <> :true) OR attribute_not_exists(#markedAt))',
    names: { '#pendingDelete': 'pendingDelete', '#markedAt': 'markedAt' },
    values: { ':true': true },
  });
});

it('a spec is compared as it was read: not there, or with this value', () => {
  expect(holdsAsRead({ spec: undefined })).toEqual([{ expression: 'attribute_not_exists(#spec)' }]);
  expect(holdsAsRead({ spec: 's' })).toEqual([{ expression: '#spec = :asRead0', values: { ':asRead0': 's' } }]);
});

it('an object is looked for by the beginning of its id, or of its name at either place', () => {
  expect(idBeginsWith(service, 'sho')).toEqual({
    expression: 'begins_with(#id, :prefix)',
    values: { ':prefix': 'sho' },
  });
  expect(isCalledFrom(service, 'sho')).toEqual({
    expression:
      '(begins_with(#id, :prefix) OR begins_with(#spec.#annotations.#name, :beginning) OR begins_with(#spec.#name, :beginning))',
    names: { '#id': 'id', '#spec': 'spec', '#annotations': 'annotations', '#name': 'name' },
    values: { ':prefix': 'sho', ':beginning': 'sho' },
  });
});

it('a counter is reset only while it is as it was read', () => {
  const { expression } = counterIsAsRead(
    { TableName: 'C', Key: { id: 'service#web' } },
    { id: { S: 'service#web' }, remaining: { N: '3' } },
  );
  expect(expression).toBe('attribute_exists(#id) AND #remaining = :remainingAsRead AND attribute_not_exists(#epoch)');
});

it('a beginning is looked for in each attribute of a key that tells of the id, under a name of its own', () => {
  expect(idBeginsWith({ key: { pk: 'bp#${b}', sk: 'bp' } }, 'sho')).toEqual({
    expression: 'begins_with(#pk, :prefix)',
    values: { ':prefix': 'bp#sho' },
  });
  expect(idBeginsWith({ key: { pk: 'C#${c}', sk: 'D#${c}' } }, 'sho')).toEqual({
    expression: '(begins_with(#pk, :prefix) OR begins_with(#sk, :prefix1))',
    names: { '#pk': 'pk', '#sk': 'sk' },
    values: { ':prefix': 'C#sho', ':prefix1': 'D#sho' },
  });
});

it.each(['true', 'markedAt', 'asRead0', '_xtrue'])(
  'an attribute that is called %s does not change what a condition asks',
  (attribute) => {
    const condition = allOf(isMarkedAsRead(plan, MARKED), ...holdsAsRead({ spec: 's' }));
    const { ExpressionAttributeValues: values, UpdateExpression } = expressed({
      update: setting({ [attribute]: 'theirs' }),
      condition,
    });
    expect(values).toMatchObject({ ':true': true, ':markedAt': 'm1', ':asRead0': 's' });
    const [, placeholder = ''] = /= (:\w+)$/.exec(UpdateExpression) ?? [];
    expect(values?.[placeholder]).toBe('theirs');
  },
);

it('a placeholder stands for one thing in a request, or nothing is sent', () => {
  const both = (a: Phrase, b: Phrase) => () => allOf(a, b);
  const value = (text: unknown) => ({ expression: '#a = :a', values: { ':a': text } });
  expect(both(value('x'), value('y'))).toThrow(':a would stand for two things in one request');
  expect(both(value({ b: [1] }), value({ b: [1] }))).not.toThrow();
  const name = (attribute: string) => ({ expression: '#label0', names: { '#label0': attribute } });
  expect(both(name('x'), name('y'))).toThrow('#label0 would stand for two things in one request');
});
