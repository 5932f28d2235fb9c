/** `sweep`: on a schedule, right after a deployment, and by hand. */

import { parseItemName } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { invalid, shown } from '../protocol/arguments.ts';
import type { DeallocatorError } from '../protocol/errors.ts';
import { LOGGED_TRIGGER_CHARACTERS_MAX, SWEEP_NAMES_MAX } from '../protocol/limits.ts';
import type { Settled } from '../protocol/settle.ts';
import type { SweepCursor } from '../protocol/store.ts';
import { settleNamed, sweep } from '../protocol/sweep.ts';
import { type Context, invocation } from './invocation.ts';
import { type FunctionPorts, settling } from './ports.ts';

/** What a caller may ask for. All of it is optional; unknown fields are passed over. */
export interface SweepRequest {
  /** Who asks, for the log: `schedule`, `deployment`, or a person. */
  readonly trigger?: string;
  /**
   * `true`: begins anew, wherever an unfinished sweep has stopped. By default it goes on from there, so that a sweep which
   * never finishes in one invocation still gets to everything.
   */
  readonly restart?: boolean;
  /**
   * `true`: also finds raw marks without `markedAt` whose stream record was lost; they are in no index. It reads the
   * tables of all guarded kinds whole.
   */
  readonly full?: boolean;
  /**
   * Names such as `service#web`, at most 1,000: only these are settled, and the attachments of the
   * services among them set right. Where tasks hold networks, also `task#3#web#1` for the attachments of task `1` of service
   * `web`, whose id has 3 characters. For dead letters, and for what an audit has found.
   */
  readonly parents?: readonly string[];
}

/** What one invocation of the sweep has done. */
export interface SweepAnswer {
  /**
   * It came to the end: all that was marked when the sweep began, perhaps in an earlier invocation, was settled or failed.
   */
  readonly complete: boolean;
  /** Where an unfinished sweep had stopped and this invocation began. Absent: at the beginning. */
  readonly startedAt?: SweepCursor;
  /** Where the next invocation will go on. Absent: this one came to the end. */
  readonly resumeAt?: SweepCursor;
  /** Services and networks that were looked at without an error. */
  readonly settled: number;
  /** Services and networks that were deleted, with all that went along. */
  readonly deletedCount: number;
  /** Services and networks that could not be settled: the next sweep tries them again. */
  readonly failedCount: number;
  /** Marked parents that were seen and are still there. */
  readonly stillMarked: number;
  /** Age of the oldest of these marks; 0 when none of them tells its time. */
  readonly oldestMarkSeconds: number;
  /** Kinds whose users are still being counted, so that nothing of them was deleted. Absent: none. */
  readonly learning?: readonly string[];
  /** Names such as `service#web`: the first 1,000. */
  readonly deleted: readonly string[];
  /** The first 1,000 that could not be settled. */
  readonly failed: readonly SweepFailure[];
}

/** What a sweep could not settle. */
export interface SweepFailure {
  /** Its name, such as `service#web`. */
  readonly parent: string;
  /** What went wrong, in words. */
  readonly error: string;
}

/** Only a text, and not a long one: what a caller sends must not cost the log its line. */
function triggerOf(request: SweepRequest | undefined): string | undefined {
  const trigger: unknown = request?.trigger;
  return typeof trigger === 'string' ? trigger.slice(0, LOGGED_TRIGGER_CHARACTERS_MAX) : undefined;
}

/** All names are checked before anything is settled. */
function readNames(names: unknown, plan: Plan): ItemKey[] {
  if (!Array.isArray(names) || names.length > SWEEP_NAMES_MAX) {
    throw invalidNames(`parents is ${Array.isArray(names) ? `a list of ${names.length}` : 'no list'}`);
  }
  return names.map((name) => {
    const key = typeof name === 'string' ? parseItemName(plan, name) : undefined;
    const planned = key && plan.kinds[key.kind];
    // Nothing is to be done for what is neither marked nor holds anything.
    if (key === undefined || !(planned?.isGuarded || planned?.holds.length)) {
      throw invalidNames(`one of the parents is ${shown(name)}`);
    }
    return key;
  });
}

function invalidNames(seen: string): DeallocatorError {
  return invalid(
    `the sweep can't settle what was asked for: ${seen}; allowed: up to ${SWEEP_NAMES_MAX} names such as "service#web" or "network#front"`,
  );
}

export function sweepRequested(ports: FunctionPorts) {
  return (request: SweepRequest | undefined, context: Context): Promise<SweepAnswer> =>
    invocation(ports, context, async (store, telemetry, learning) => {
      const named = request?.parents === undefined ? undefined : readNames(request.parents, ports.plan);
      const trigger = triggerOf(request);
      const { rules, trigger: functionName } = settling(ports);
      const options = {
        rules,
        trigger: trigger === undefined ? functionName : `${functionName}: ${trigger}`,
        onSettled: (settled: Settled) => telemetry.settled(settled, 0),
        onFailed: (user: ItemKey, error: unknown) => telemetry.failed(itemName(user), error),
        onTold: (parent: ItemKey, items: number) => telemetry.stopped(parent, items),
      };
      const startedAt = request?.restart === true || named ? undefined : await store.readSweepCursor();
      const report = named
        ? await settleNamed(store, ports.chance, named, { ...options, learning })
        : await sweep(store, ports.chance, {
            ...options,
            onHealed: (healed) => telemetry.healed(healed),
            from: startedAt,
            full: request?.full === true,
            remainingMillis: () => context.getRemainingTimeInMillis(),
            onPage: (next) => store.writeSweepCursor(next),
          });
      if (named === undefined) await store.writeSweepCursor(report.resumeAt);
      const summary = {
        complete: report.resumeAt === undefined,
        ...(startedAt && { startedAt }),
        ...(report.resumeAt && { resumeAt: report.resumeAt }),
        settled: report.settled,
        deletedCount: report.deleted.length,
        failedCount: report.failed.length,
        stillMarked: report.stillMarked,
        oldestMarkSeconds: (report.oldestMarkMillis ?? 0) / 1000,
        ...(report.learning.length > 0 && { learning: report.learning }),
      };
      if (named === undefined) {
        if (summary.complete) telemetry.count('SweepsFinished');
        telemetry.count('SweptUp', summary.deletedCount);
      }
      // Only a whole sweep has seen the oldest mark.
      if (summary.complete && startedAt === undefined && named === undefined) {
        telemetry.observe('StillMarked', summary.stillMarked);
        telemetry.observe('OldestMarkSeconds', summary.oldestMarkSeconds);
      }
      telemetry.swept({ trigger, ...summary });
      return {
        ...summary,
        deleted: report.deleted.slice(0, SWEEP_NAMES_MAX).map(itemName),
        failed: report.failed
          .slice(0, SWEEP_NAMES_MAX)
          .map(({ parent, error }) => ({ parent: itemName(parent), error: String(error) })),
      };
    });
}
