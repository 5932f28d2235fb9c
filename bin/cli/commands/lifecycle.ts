/** lifecycle: what a declaration of kinds causes, before anything is deployed. */
import type { WholePlan } from '../../../lib/lifecycle/plan.ts';
import { isLifecycleError } from '../../../lib/lifecycle/refusals.ts';
import { refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { readLifecycleFile } from '../lifecycle-file.ts';
import { terminalOf } from '../terminal.ts';

export const lifecycle: Command = {
  name: 'lifecycle',
  group: 'Set up',
  takes: '[FILE]',
  says: 'says what a declaration of kinds causes: who is asked before something goes, and what is deployed for it',
  options: { export: { value: 'NAME', says: 'which lifecycle of FILE, where it exports several' } },
  examples: [
    ['deallocator lifecycle', "SwarmKit's kinds: services, tasks and networks"],
    ['deallocator lifecycle kinds.ts', 'what a file of yours exports, by defineLifecycle; a file of JSON does too'],
  ],
  async run({ io, isJson, say, printJson }, given) {
    refuseMore(given, 1);
    const [file] = given.positionals;
    // No other command needs these.
    const [{ planOf }, { SWARMKIT }, { lifecycleWords, refusalLines }] = await Promise.all([
      import('../../../lib/lifecycle/plan.ts'),
      import('../../../lib/lifecycle/swarmkit.ts'),
      import('../lifecycle-words.ts'),
    ]);
    try {
      const declared = file === undefined ? SWARMKIT : await readLifecycleFile(file, io, given.text('export'));
      const plan: WholePlan = planOf(declared);
      if (isJson) printJson({ lifecycle: declared, plan });
      else say(lifecycleWords(plan, terminalOf(io.out, io.environment)));
      return DONE;
    } catch (error) {
      if (!isLifecycleError(error)) throw error;
      if (isJson) printJson({ refusals: error.refusals });
      else say(refusalLines(error.refusals));
      return FAILED;
    }
  },
};
