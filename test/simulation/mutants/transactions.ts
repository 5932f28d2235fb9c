/** Transactions that leave something out, and those whose repeats are taken for new ones. */
import { type Action, actionsOf, idle, isDeletion, type Mutant, type Sent, withActions } from '../mistakes.ts';

/** Leaves some of a deletion's actions out; `place` counts those of one table and kind. */
function leftOut(sent: Sent, isLeftOut: (action: Action, place: number) => boolean) {
  return isDeletion(sent)
    ? withActions(sent, (action, place) => (isLeftOut(action, place) ? idle(action) : undefined))
    : undefined;
}

/** A transaction of a kind goes without its token, as a plain write would. */
function withoutToken(sent: Sent, isMeant: (action: Action) => boolean) {
  const { ClientRequestToken: token, ...rest } = sent.input;
  return token !== undefined && actionsOf(sent).some(isMeant) ? rest : undefined;
}

/** A deletion begins with the parent and its counter. */
const OWN_COUNTER = 1;

export const TRANSACTION_MUTANTS: readonly Mutant[] = [
  {
    name: 'the counter stays behind',
    why: 'nothing reads it any more',
    request: (sent) => leftOut(sent, ({ table }, place) => table === 'counters' && place === OWN_COUNTER),
    breaks: ['S6'],
    profile: 'calm',
  },
  {
    name: "a freed network's counter stays behind",
    why: 'nothing reads it any more',
    request: (sent) => leftOut(sent, ({ table }, place) => table === 'counters' && place > OWN_COUNTER),
    breaks: ['S6'],
    profile: 'crowded',
  },
  {
    name: 'attachments stay behind',
    why: 'the stream cleans up',
    request: (sent) => leftOut(sent, ({ table }) => table === 'attachments'),
    breaks: ['S6'],
    profile: 'crowded',
  },
  {
    name: 'no receipt',
    why: 'the log tells it as well',
    request: (sent) => leftOut(sent, ({ table }) => table === 'receipts'),
    breaks: ['S6'],
    profile: 'crowded',
  },
  {
    name: 'attachments are left to the stream',
    why: 'service-updated heals them anyway',
    request: (sent) =>
      sent.role === 'writer'
        ? withActions(sent, (action) =>
            action.kind === 'Put' && action.table === 'attachments' ? idle(action) : undefined,
          )
        : undefined,
    breaks: ['S2', 'S6'],
    profile: 'calm',
  },
  {
    name: 'every try has a token of its own',
    why: 'tokens must be unique',
    request: ({ input, fresh }) =>
      input.ClientRequestToken === undefined ? undefined : { ...input, ClientRequestToken: fresh() },
    breaks: ['S1', 'S3', 'S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'a counter is created without a token',
    why: 'its condition makes it idempotent',
    request: (sent) => withoutToken(sent, ({ kind, table }) => kind === 'Update' && table === 'counters'),
    breaks: ['S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'a cancelled group has deleted the others',
    why: 'only the one whose condition was false was refused',
    store: (right, took) => {
      let cancelled = 0;
      return {
        finalize: async (finalization) => {
          const done = await right.finalize(finalization);
          if (done === 'cancelled' && ++cancelled > 0) {
            took();
            return 'committed';
          }
          return done;
        },
      };
    },
    breaks: ['L1', 'S4'],
    profile: 'together',
  },
];
