/** Every promise in every state that the model of docs/design.md §4 can reach, explored to the end. */
import { describe, expect, it } from 'vitest';
import { doneHere } from '../support/amount.ts';
import { CONFIGURATIONS } from './configurations.ts';
import { judge, STATES_MAX } from './verdict.ts';

/** A minute is usual for the longest; a busy machine may take many times that. */
const TIMEOUT_MILLIS = 1_200_000;

describe('S1 S2 S3 S4 S5 S6 S7 L1 L2 L3 L4 hold in every state of', () => {
  it.each(doneHere('worlds', CONFIGURATIONS, ({ name }) => name))(
    '$name: $about',
    { timeout: TIMEOUT_MILLIS },
    (world) => {
      const { passed, result, story, states, atRest } = judge(world, STATES_MAX);
      expect(result, story.join('\n')).toBe('holds');
      expect(passed).toBe(true);
      // An idle model proves nothing.
      expect(states).toBeGreaterThan(1000);
      expect(atRest).toBeGreaterThan(0);
    },
  );
});
