/** The promises of docs/design.md §5 in words, for whoever reads their codes in an audit. */
import type { Promised } from './violations.ts';

export const PROMISES: Readonly<Record<Promised, string>> = {
  S1: 'no service is deleted while a task of it exists, and no task is left of a deleted service',
  S2: 'no network is deleted while something uses it',
  S3: 'nothing is deleted that is not marked, that is protected, or whose grace period is not over',
  S4: 'nothing is left over of what was deleted',
  S5: 'an id that is used again is a new life, which nothing of the old one can hurt',
  S6: 'a service goes together with its counter, attachments and free networks, or not at all',
  S7: 'a counter is never too high, so that the last removal is noticed',
  L1: 'what is marked goes once nothing uses it',
  L2: 'one sweep makes up for lost records',
  L3: 'a network goes when the last services that share it end together',
  L4: 'every decision comes to an end',
};
