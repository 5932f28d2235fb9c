/** The tables at the end: what went, what stayed and why, and what it took. */

import Table from 'cli-table3';
import type { Usage } from '../../lib/local/dynamodb/meter.ts';
import { OUTSIDE } from '../../lib/local/iam/authorizer.ts';
import type { FunctionProperties } from '../../lib/local/lambda/functions.ts';
import { groupBy } from '../../lib/protocol/parallel.ts';
import { markedAtEpochMillis } from '../../lib/protocol/time.ts';
import { count } from '../cli/text.ts';
import { ROWS_MAX, USERS_NAMED_MAX } from './limits.ts';
import type { Deletion } from './observation.ts';
import type { MarkedParent, OthersDone } from './removal.ts';
import type { StackRemoval } from './stack-removal.ts';
import { reasonOf, seconds } from './text.ts';

export interface Outcome {
  readonly plan: StackRemoval;
  readonly marked: readonly MarkedParent[];
  readonly deletions: readonly Deletion[];
  readonly others: OthersDone;
  readonly usage: Usage;
  readonly functions: readonly FunctionProperties[];
}

export function summarize(outcome: Outcome): string {
  return [
    titled('Deleted', deletedTable(outcome)),
    titled('Kept, and why', keptTable(outcome)),
    titled('What it took, from the first mark until all was quiet', usageTable(outcome)),
    "Write and read units: AWS's documented rules, not the engine's own figure.",
  ].join('\n\n');
}

/** Without the colours of cli-table3, which it sets without a terminal too. */
function drawTable(head: readonly string[], rows: readonly (readonly string[])[], numbersFrom = head.length): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column >= numbersFrom ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 1, 'padding-right': 1 },
  });
  table.push(...rows.slice(0, ROWS_MAX).map((row) => [...row]));
  const more = rows.length > ROWS_MAX ? `\n… and ${rows.length - ROWS_MAX} more` : '';
  return table.toString() + more;
}

function titled(title: string, table: string): string {
  return `${title}\n${table}`;
}

function deletedTable({ deletions, marked }: Outcome): string {
  const rows = deletions.map(({ kind, id, by, along, atEpochMillis }) => {
    const markedAt = marked.find((parent) => parent.kind === kind && parent.id === id)?.markedAt;
    const drainMillis = atEpochMillis - (markedAtEpochMillis(markedAt ?? '') ?? Number.NaN);
    return [`${kind} ${id}`, reasonOf(by, along), Number.isNaN(drainMillis) ? 'unknown' : seconds(drainMillis)];
  });
  return drawTable(['', 'because', 'after its mark'], rows, 2);
}

function keptTable({ plan, others }: Outcome): string {
  // The marked ones first: a long list is cut, and they need the explanation.
  const inOrder = plan.keptNetworks.toSorted((a, b) => Number(b.waitsFor.length > 0) - Number(a.waitsFor.length > 0));
  const networks = inOrder.map(({ id, stack, waitsFor }) => {
    const users = waitsFor.map((user) => `${user.id} ${membership(user.stack)}`);
    const shown = [...users.slice(0, USERS_NAMED_MAX), ...(users.length > USERS_NAMED_MAX ? ['and others'] : [])];
    return [
      `network ${id}`,
      users.length > 0 ? `marked, but used by service\n${shown.join(',\n')}` : `not marked: ${membership(stack)}`,
    ];
  });
  const byStack = groupBy(plan.keptServices, ({ stack }) => stack);
  const services = [...byStack].map(([stack, kept]) => [
    count(kept.length, 'service'),
    `not marked: ${membership(stack)}`,
  ]);
  const newcomers = [...others.newServices.keys()].map((id) => [`service ${id}`, 'not marked: created meanwhile']);
  return drawTable(['', 'why'], [...networks, ...services, ...newcomers]);
}

function membership(stack: string | undefined): string {
  return stack === undefined ? 'of no stack' : `of stack ${stack}`;
}

function usageTable({ usage, functions }: Outcome): string {
  const row = (name: string, invocations: string, principals: readonly string[]): string[] => {
    const operations = principals.flatMap((principal) => Object.values(usage.requests[principal] ?? {}));
    const sum = (unit: 'requests' | 'readUnits' | 'writeUnits') =>
      operations.reduce((total, operation) => total + operation[unit], 0).toLocaleString('en-US');
    return [name, invocations, sum('requests'), sum('readUnits'), sum('writeUnits')];
  };
  const total = Object.values(usage.invocations).reduce((sum, invocations) => sum + invocations, 0);
  const ids = functions.map(({ logicalId }) => logicalId);
  const rows = functions.map(({ logicalId, environment }) =>
    row(environment.DEALLOCATOR_FUNCTION ?? logicalId, String(usage.invocations[logicalId] ?? 0), [logicalId]),
  );
  rows.push(row('the deallocator', String(total), ids));
  rows.push(row('the client (this demo)', '', [OUTSIDE]));
  return drawTable(['', 'invocations', 'requests', 'read units', 'write units'], rows, 1);
}
