/** What is older than its declaration, taken for what is not. */
import type { Mutant } from '../mistakes.ts';

export const LEARNING_MUTANTS: readonly Mutant[] = [
  {
    name: 'what no sweep has seen is learned',
    why: 'no item says that anything is being learned',
    store: ({ lifecycle }, took) => ({
      lifecycle: {
        ...lifecycle,
        read: async () => {
          const found = await lifecycle.read();
          if (found.lifecycle !== undefined || lifecycle.declaration === undefined) return found;
          took();
          const since = '2026-01-01T00:00:00.000Z';
          const { declaration } = lifecycle;
          const learned = { version: 'v1', declaration, learning: {}, since, endsFrom: since, place: undefined };
          return { ...found, lifecycle: learned };
        },
      },
    }),
    breaks: ['S2', 'S6'],
    profile: 'learning',
  },
  {
    name: 'learned when the declaration is taken',
    why: 'the records of what holds anything will heal it',
    store: ({ lifecycle }, took) => ({
      lifecycle: {
        ...lifecycle,
        listHolders: async () => {
          took();
          return { items: [], next: undefined };
        },
      },
    }),
    breaks: ['S2', 'S6'],
    profile: 'learning',
  },
];
