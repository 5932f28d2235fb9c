/** How objects are named: what is typed is what was meant, whatever an id holds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { keyFor } from '../../lib/lifecycle/ids.ts';
import { itemName } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { typedId } from '../../lib/lifecycle/told.ts';
import { keyGiven, kindOf, parseTypedId, parseTypedName, spoken, typedName } from '../../lib/operate/names.ts';
import { inMemory } from '../../lib/testing/index.ts';

/** A tree, each directory with its owner in its key. */
const FILES: Plan = planOf({
  kinds: {
    directory: {
      table: 'directories',
      key: { owner: '${owner}', id: '${directory}' },
      dependsOn: [{ kind: 'directory', by: 'value', at: 'parent' }],
    },
  },
});

const part = fc.oneof(
  fc.constantFrom('a', '/', '%', '%2F', '%252f', '#', '3#a#b', 'a/b', '-', ' '),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
);

describe('an id of two parts', () => {
  it('is typed so that it is read again, by itself, with its kind, and as data has it', () => {
    fc.assert(
      fc.property(part, part, (owner, directory) => {
        const key = keyFor(FILES, 'directory', { owner, directory });
        expect(parseTypedId(FILES, 'directory', typedId(FILES, key))).toEqual(key);
        expect(parseTypedName(FILES, typedName(FILES, key))).toEqual(key);
        expect(parseTypedName(FILES, itemName(key))).toEqual(key);
        expect(keyGiven(FILES, key)).toEqual(key);
        expect(keyGiven(FILES, { kind: 'directory', id: { owner, directory } })).toEqual(key);
        expect(typedId(FILES, key).split('/')).toHaveLength(2);
      }),
    );
  });

  it.each([
    [
      'directory/bob',
      /the directory id "bob" has 1 parts, and needs 2; write directory\/OWNER\/DIRECTORY, with %2F for a slash/,
    ],
    ['directory/a/b/c', /"a\/b\/c" has 3 parts, and needs 2/],
    ['directory//b', /has an empty owner/],
  ])('is refused as %s', (typed, words) => {
    expect(() => parseTypedName(FILES, typed)).toThrow(words);
  });
});

it('an id of one part is taken as it is', () => {
  const plan = planOf(SWARMKIT);
  fc.assert(
    fc.property(part, (id) => {
      expect(parseTypedName(plan, `service/${id}`)).toEqual({ kind: 'service', id });
      expect(typedName(plan, { kind: 'service', id })).toBe(`service/${id}`);
    }),
  );
});

it.each([
  [planOf(SWARMKIT), 'service#web', 'service web'],
  [planOf(SWARMKIT), 'task#3#web#1', 'task 1 of service web'],
  [planOf(SWARMKIT), 'city#a', 'city a'],
  [planOf(CHATBOT), 'document#1#w#d', 'document d of workspace w'],
  [planOf(SANDBOX), 'leaseTemplate#week', 'lease template week'],
  [planOf(SANDBOX), 'lease#3#ann#7', 'lease ann/7'],
  [planOf(SANDBOX), 'lease#3#ann#7/100%', 'lease ann/7%2F100%25'],
] as readonly (readonly [Plan, string, string])[])('%# %s is spoken: %s', (plan, name, words) => {
  expect(spoken(plan, name)).toBe(words);
});

it('the client calls an item what the commands call it, so that it can be typed', async () => {
  const { client } = await inMemory({ lifecycle: SANDBOX });
  const lease = { userEmail: 'ann', uuid: 'a/b', originalLeaseTemplateUuid: 'week' };
  await expect(client.create('lease', lease)).rejects.toThrow(
    'lease template week is not there; lease ann/a%2Fb was not created',
  );
});

it.each(['leaseTemplate', 'leasetemplate', 'lease-template', 'lease-templates', 'Lease templates'])(
  'a kind of two words may be called %s',
  (word) => expect(kindOf(planOf(SANDBOX), word)).toBe('leaseTemplate'),
);

it('what is not guarded is no object', () => {
  expect(kindOf(planOf(SANDBOX), 'lease')).toBeUndefined();
  expect(() => keyGiven(planOf(SANDBOX), { kind: 'lease', id: '1' })).toThrow(
    'it must be "blueprint" or "leaseTemplate"',
  );
});
