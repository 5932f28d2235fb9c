/** The model that predicts what is too large to run here, held to the code where both can be run. */
import { describe, expect, it } from 'vitest';
import { predict } from './scale-model.ts';
import { CHOICE, SCENARIOS } from './sections/scale.ts';
import { type Load, runStream } from './stream-run.ts';

const LOADS: readonly Load[] = [
  { name: 'many at once', services: 200, tasksPerService: 20, deletesPerSecond: 400 },
  { name: 'few at once', services: 5, tasksPerService: 400, deletesPerSecond: 200 },
  { name: 'faster', services: 400, tasksPerService: 20, deletesPerSecond: 1000 },
];

describe('the model', () => {
  it.each(LOADS)('uses as many units as the code, within a tenth: $name', async (load) => {
    const model = predict({ ...load, shards: 1, servicesAtATime: load.services, choice: CHOICE });
    const { usage } = await runStream(load, CHOICE);
    expect(Math.abs(model.writeUnits / usage.writeUnits - 1)).toBeLessThanOrEqual(0.1);
    expect(Math.abs(model.readUnits / usage.readUnits - 1)).toBeLessThanOrEqual(0.1);
  });

  it('sees that functions with a part of a core fall behind where those with a whole one keep up', () => {
    const find = (name: string) => SCENARIOS.find((scenario) => scenario.name.includes(name)) ?? SCENARIOS[0];
    const [whole, part] = ['all at once', '128 MB'].map((name) =>
      // Many more of them end than in the page's scenario.
      predict({ ...(find(name) as (typeof SCENARIOS)[0]), tasksPerService: 5 }),
    );
    expect(whole?.keepsUp).toBe(true);
    expect(part?.keepsUp).toBe(false);
    expect(part?.loads['function, processor']).toBeGreaterThan(1);
  });
});
