/** What each demo stands on: functions and template as they would be deployed, run on this machine, step by step on the screen. */
import { rmSync } from 'node:fs';
import { checkEngine, startEngine } from '../../lib/local/dynamodb/engine.ts';
import { type LocalCloud, startLocalCloud } from '../../lib/local/local-cloud.ts';
import {
  assemblyDirectoryOf,
  buildFunctions,
  readSynthesizedStack,
  STACK_NAME,
  type TemplateChoices,
  writeTemplate,
} from '../synthesize.ts';
import type { Observation } from './observation.ts';
import type { Screen } from './screen.ts';

export interface Stage {
  readonly cloud: LocalCloud;
  readonly names: ReturnType<typeof readSynthesizedStack>;
  readonly step: Step;
}

/** Shows a step while it runs, and how long it took. */
export type Step = <T>(title: string, outcome: string, work: () => Promise<T>) => Promise<T>;

export interface Stand {
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly observation: Observation;
  readonly kinds?: Omit<TemplateChoices, 'validate'>;
}

/** Throws a LocalError before anything is built, where Java is missing. */
export async function onCloud(stand: Stand, play: (stage: Stage) => Promise<void>): Promise<void> {
  await checkEngine();
  // The engine starts while the rest is built. Why it did not is told where it is waited for.
  const starting = startEngine();
  starting.catch(() => {});
  try {
    await playOn(starting, stand, play);
  } finally {
    await starting.then(
      (engine) => engine.stop(),
      () => {},
    );
  }
}

async function playOn(
  starting: ReturnType<typeof startEngine>,
  { screen, signal, observation, kinds }: Stand,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const step: Step = async (title, outcome, work) => {
    signal.throwIfAborted();
    const startMillis = performance.now();
    screen.begin(title, outcome);
    try {
      const result = await work();
      screen.end(title, outcome, performance.now() - startMillis);
      return result;
    } finally {
      screen.stopStep();
    }
  };
  await step('Bundle the functions', 'their code, as Lambda would run it', () => buildFunctions(signal));
  await step('Write the template', 'as CloudFormation would deploy it', () =>
    writeTemplate(signal, { validate: false, ...kinds }),
  );
  const assemblyDirectory = assemblyDirectoryOf(kinds ?? {});
  const names = readSynthesizedStack(assemblyDirectory);
  const cloud = await step(
    'Start the local cloud',
    `${Object.keys(names.tables).length} tables, ${names.functions.length} functions`,
    async () =>
      startLocalCloud({
        engine: { port: (await starting).port },
        assemblyDirectory,
        stackName: STACK_NAME,
        clockRate: 1,
        schedules: true,
        log: observation.log,
      }),
  );
  try {
    await play({ cloud, names, step });
  } finally {
    await cloud.stop();
    if (kinds !== undefined) rmSync(assemblyDirectory, { recursive: true });
  }
}
