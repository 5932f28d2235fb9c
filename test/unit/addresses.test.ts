/** Where items live, and what is told where a table is missing. */
import { expect, it } from 'vitest';
import { Addresses } from '../../lib/dynamodb/addresses.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';

const plan = planOf(SWARMKIT);
const web = { kind: 'service', id: 'web' };
const front = { kind: 'network', id: 'front' };

it('an item of our own has all of its key, and nothing else', () => {
  const at = new Addresses(plan, { counters: 'C', attachments: 'A', receipts: 'R' });
  expect(at.counter(web)).toStrictEqual({ TableName: 'C', Key: { id: 'service#web' } });
  expect(at.attachment(front, web)).toStrictEqual({
    TableName: 'A',
    Key: { held: 'network#front', holder: 'service#web' },
  });
  expect(at.receipt(web, 'm1')).toStrictEqual({ TableName: 'R', Key: { id: 'service#web', markedAt: 'm1' } });
});

it('a table without a physical name is told of, with those that have one', () => {
  const refusal = (tables: Record<string, string>) => () => new Addresses(plan, tables).table('networks');
  const named = 'the table networks has no physical name; names were given for';
  expect(refusal({ services: 'S', tasks: 'T' })).toThrow(`${named} services, tasks: give one for networks too`);
  expect(refusal({})).toThrow(`${named} none: give one for networks too`);
});

it('a table that no kind needs is told of', () => {
  const alone = planOf({ kinds: { job: { table: 'jobs', key: { id: '${job}' } } } });
  const at = new Addresses(alone, { jobs: 'J', attachments: 'A' });
  expect(() => at.attachmentNamed('job#a', 'job#b')).toThrow(
    'the lifecycle has no attachments: none of its kinds holds another',
  );
});
