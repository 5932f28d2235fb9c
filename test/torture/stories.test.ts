/** Seeded stories on the real engine, under faults in requests, deliveries, processes and the engine. */
import { describe, expect, it } from 'vitest';
import { waves } from './dials.ts';
import { runWave } from './wave.ts';

/** A wave takes 10 to 20 s on two idle cores; a busy machine may take its time. */
const WAVE_TIMEOUT_MILLIS = 600_000;

/**
 * What all waves together must have met at the least, about a third of what they usually meet: an idle run can't pass.
 */
const MINIMA: Readonly<Record<string, number>> = {
  'action done': 2_500,
  deliveries: 200,
  'services deleted': 150,
  'networks deleted': 80,
  recounts: 150,
  'decision decremented': 30,
  'answer lost': 60,
  'request throttled': 40,
  'request answered 500': 40,
  'request delayed': 40,
  'request late': 10,
  'transaction conflict': 30,
  'write conflict': 3,
  'batch half processed': 10,
  'record delayed': 60,
  'record repeated': 30,
  'record lost': 3,
  'old batch repeated': 30,
  'process killed': 30,
  'process frozen': 20,
  'process frozen until its timeout': 3,
  'killed after its commit': 3,
};

const totals = new Map<string, number>();

describe('S1–S6, L1, L2: seeded schedules on the real engine', () => {
  it.each(waves)(
    'wave $number (raw writes: $raw, lost records: $drops, engine restarts: $engineRestarts) ends as its writers were told',
    async (dials) => {
      const { counts, failures } = await runWave(dials);
      for (const [kind, count] of counts) totals.set(kind, (totals.get(kind) ?? 0) + count);
      // The story is the message: a report keeps no comparison of long texts.
      expect(failures.length, failures.join('\n\n')).toBe(0);
    },
    WAVE_TIMEOUT_MILLIS,
  );

  it('have met enough of everything', () => {
    const lines = [...totals].sort().map(([kind, count]) => `  ${kind}: ${count}`);
    console.log(['the stories on the real engine have met:', ...lines].join('\n'));
    const schedules = waves.reduce((sum, wave) => sum + wave.schedules, 0);
    const tooFew = Object.entries(MINIMA).flatMap(([kind, minimum]) => {
      const count = totals.get(kind) ?? 0;
      return count < minimum ? [`${kind}: ${count}, expected at least ${minimum}`] : [];
    });
    // A wave that is told alone is a look at a failure.
    if (waves.length > 1) expect(tooFew).toEqual([]);
    expect(totals.get('schedules')).toBe(schedules);
    expect(totals.get('engine killed and started again') ?? 0).toBe(
      waves.reduce((sum, { engineRestarts }) => sum + engineRestarts, 0),
    );
  });
});
