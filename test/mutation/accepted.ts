/** Mutants that no test notices, and why that is right. Named by what they change, so that code may move. */
export const ACCEPTED: Readonly<Record<string, string>> = {
  'lib/protocol/time.ts: \'\' → "Stryker was here!"': 'split always returns a first part; the compiler asks for it',
  'lib/protocol/time.ts: /^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}/ → /\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}/':
    'Date.parse refuses a time behind other text; the pattern only keeps out what it would take for a date',
  'lib/protocol/time.ts: /^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}/ → /^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d/':
    'Date.parse refuses half a minute as well',
  "lib/dynamodb/items.ts: typeof place === 'object' → true": 'no text or number has the keys that are asked for next',
  'lib/protocol/sweep.ts: \'unstamped\' → ""': 'a sweep that goes on skips what comes before its place in either list',
  'lib/protocol/sweep.ts: options.remainingMillis() < SWEEP_RESERVE_MILLIS → options.remainingMillis() <= SWEEP_RESERVE_MILLIS':
    'a millisecond of twenty seconds',
  'lib/protocol/sweep.ts: group.at(-1)?.at → group.at(-1).at': 'no group is empty',
  'lib/protocol/limits.ts: TRANSACTION_ACTIONS_MAX - 1 → TRANSACTION_ACTIONS_MAX + 1':
    'an import makes its groups by it, and the client divides what does not fit',
  'lib/protocol/finalize.ts: free.length <= most → false': 'as many as there are are all of them, in their order',
  'lib/protocol/finalize.ts: free.length <= most → free.length < most': 'the same',
  'lib/protocol/finalize.ts: itemName(a.key) < itemName(b.key) → itemName(a.key) <= itemName(b.key)':
    'no two have one name',
  'lib/protocol/settle.ts: \'unknown\' → ""': 'a name for a caller that gives none; every function gives its own',
  'lib/protocol/finalize.ts: held === undefined || !isMarked(held) → false':
    'goesAlong asks the same; asking before saves a query of the attachments',
  'lib/dynamodb/items.ts: false → true': 'neither is a text, so neither names anything',
  'lib/dynamodb/expressions.ts: odd.codePointAt(0)?.toString → odd.codePointAt(0).toString':
    'what matched one character has one; the compiler asks for it',
  'lib/dynamodb/items.ts: text === undefined → false': 'what is not there has no bytes either',
  "lib/protocol/sweep.ts: settled.outcome === 'draining' → true":
    'stopTasks looks at the mark itself; asking before saves a read',
  'lib/protocol/invariants.ts: \'\' → "Stryker was here!"': 'that tells no time either, and so has no grace period',
  'lib/dynamodb/expressions.ts: ([name, attribute]) => [name, attribute as string] → () => undefined':
    'breaks the module when it is loaded, which is before Stryker turns it on',
  "lib/dynamodb/conditions.ts: { expression: '(attribute_not_exists(#pendingDelete) OR #pendingDelete <> :true)', values: { ':true': true }, } → {}":
    'breaks the module when it is loaded, which is before Stryker turns it on',
  "lib/dynamodb/conditions.ts: { expression: 'attribute_not_exists(#markedAt)' } → {}":
    'breaks the module when it is loaded, which is before Stryker turns it on',
  'lib/dynamodb/conditions.ts: (state) => [`:${state}`, state] → () => undefined':
    'breaks the module when it is loaded, which is before Stryker turns it on',
  'lib/protocol/invariants.ts: [] → ["Stryker was here"]': 'asked only of a world that keeps receipts',
  'lib/dynamodb/gather.ts: waiting.length === 1 → true': 'the second time nothing waits, and nothing is asked',
  'lib/dynamodb/gathered-counters.ts: { answer: undefined } → {}': 'what is left out is undefined as well',
  'lib/dynamodb/gathered-counters.ts: Responses?.length → Responses.length':
    'an error here has each made alone, as answers that are missing have',
  'lib/dynamodb/gathered-children.ts: [] → ["Stryker was here"]': 'a row of nobody who was asked for',
  'lib/dynamodb/reads.ts: [] → ["Stryker was here"]':
    'DynamoDB leaves Items out only of a count, which these reads are not',
};
