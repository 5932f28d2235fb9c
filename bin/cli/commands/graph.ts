import { type ItemKey, itemName } from '../../../lib/lifecycle/keys.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import { checkSwarmkits, keyGiven, LABELLED, STACK_LABEL } from '../../../lib/operate/names.ts';
import type { Cluster } from '../../../lib/operate/reports/cluster.ts';
import { drawGraph } from '../../../lib/operate/reports/graph.ts';
import { findDeleted } from '../../../lib/operate/reports/history.ts';
import { readStatus } from '../../../lib/operate/reports/status.ts';
import { DeallocatorError } from '../../../lib/protocol/errors.ts';
import { PARENTS_IN_PARALLEL } from '../../../lib/protocol/limits.ts';
import { mapInParallel } from '../../../lib/protocol/parallel.ts';
import { type Given, readParents } from '../arguments.ts';
import { type Command, DONE, FAILED, type Session } from '../command.ts';
import { UsageError } from '../errors.ts';
import { drawSvg } from '../graph-svg.ts';
import type { Io } from '../io.ts';
import { findTyped, openTyped } from '../objects.ts';

const FORMATS = ['svg', 'mermaid', 'dot'] as const;

export const graph: Command = {
  name: 'graph',
  group: 'Look',
  takes: '[KIND ID…]',
  says: 'draws objects and who holds them, with their states; without an object, what is marked',
  options: {
    stack: { value: 'STACK', says: 'the services and networks of that stack' },
    output: { value: 'FORMAT', short: 'o', says: 'svg (default), mermaid or dot' },
  },
  examples: [
    ['deallocator graph --stack shop > shop.svg', 'a picture of a stack'],
    ['deallocator graph service web -o mermaid', 'text that many documentation tools draw'],
  ],
  async run(session, given) {
    const { io, isJson, print, printJson } = session;
    const format = FORMATS.find((one) => one === (given.text('output') ?? 'svg'));
    if (format === undefined) {
      throw new UsageError(`--output is "${given.text('output')}", allowed: ${FORMATS.join(', ')}`);
    }
    const keys = await findAsked(session, given);
    const { cluster } = await session.open();
    const drawn = await interruptible(drawGraph(cluster, keys, format === 'svg' ? 'dot' : format), io);
    const picture = format === 'svg' ? await drawSvg(drawn) : drawn;
    if (isJson) printJson({ format, graph: picture });
    else print(picture.trimEnd());
    return given.positionals.length > 0 ? await statusOf(cluster, keys, io) : DONE;
  },
};

/** What is gone was drawn so, and that is right; what never was may be mistyped. */
async function statusOf(cluster: Cluster, keys: readonly ItemKey[], io: Io): Promise<number> {
  const found = await interruptible(
    mapInParallel(keys, PARENTS_IN_PARALLEL, (key) => cluster.findParent(key)),
    io,
  );
  const absent = keys.filter((_, n) => found[n] === undefined);
  const { deletions } = await interruptible(findDeleted(cluster, absent), io);
  return absent.some((key) => !deletions.has(itemName(key))) ? FAILED : DONE;
}

async function findAsked(session: Session, given: Given): Promise<readonly ItemKey[]> {
  const stack = given.text('stack');
  if (stack !== undefined && given.positionals.length > 0) {
    throw new UsageError('--stack and objects exclude each other');
  }
  const isTyped = given.positionals.length > 0;
  const { deployment, typed } = await openTyped(session, (plan) => (isTyped ? readParents(plan, given) : undefined));
  const { cluster } = deployment;
  if (typed !== undefined) return findTyped(session, deployment, typed, { beginnings: 'any' });
  if (stack === undefined) {
    const { marked } = await interruptible(readStatus(cluster), session.io);
    return marked.map((entry) => keyGiven(cluster.plan, entry));
  }
  checkSwarmkits(cluster.plan, LABELLED);
  const { keys, isWhole } = await interruptible(
    cluster.findLabelled([{ name: STACK_LABEL, value: stack }]),
    session.io,
  );
  if (!isWhole) session.io.err.write('Not all objects were looked through; some of the stack may be missing.\n');
  if (keys.length === 0)
    throw new DeallocatorError(
      'NotFound',
      `no service and no network is of stack "${stack}"; "deallocator ls" shows the stacks`,
    );
  return keys;
}
