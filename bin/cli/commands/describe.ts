import { typedId } from '../../../lib/lifecycle/told.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import { readDescription } from '../../../lib/operate/reports/listing.ts';
import { readParent } from '../arguments.ts';
import type { Command } from '../command.ts';
import { findTyped, openTyped } from '../objects.ts';
import { facts } from '../text.ts';
import { printExplained } from './explain.ts';

export const describe: Command = {
  name: 'describe',
  group: 'Look',
  takes: 'KIND ID',
  says: 'tells all of one object: its name, its labels, and everything that explain tells',
  options: {},
  examples: [
    ['deallocator describe service web', 'its name, its stack, its tasks, what follows, its former lives'],
    ['deallocator describe network/front --json', 'for a script'],
  ],
  async run(session, given) {
    const { deployment, typed } = await openTyped(session, (plan) => readParent(plan, given));
    const [key = typed] = await findTyped(session, deployment, [typed], { beginnings: 'any' });
    const found = await interruptible(readDescription(deployment.cluster, key), session.io);
    const described = { ...session, printJson: (all: object) => session.printJson({ ...found, ...all }) };
    // What is not there has none of these.
    if (!session.isJson && found !== undefined) {
      const { name, stack, labels, isProtected } = found;
      const texts = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
      session.report(
        `${facts([
          ['kind', key.kind],
          ['id', typedId(deployment.cluster.plan, key)],
          ['name', name ?? '-'],
          ['stack', stack ?? '-'],
          ['labels', texts.join(', ') || '-'],
          ['protected', isProtected ? 'yes' : 'no'],
        ])}\n`,
      );
    }
    return printExplained(described, deployment, key);
  },
};
