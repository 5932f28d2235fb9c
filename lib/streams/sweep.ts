/** `sweep`: on a schedule, right after a deployment, and by hand. */
import { LOGGED_TRIGGER_CHARACTERS_MAX, SWEEP_NAMES_MAX } from '../protocol/limits.ts';
import { parentName } from '../protocol/model.ts';
import type { SweepCursor } from '../protocol/store.ts';
import { sweep } from '../protocol/sweep.ts';
import { type Context, invocation } from './invocation.ts';
import type { FunctionPorts } from './ports.ts';

/** What a caller may ask. All of it is optional; unknown fields are passed over. */
export interface SweepRequest {
  /** Who asks, for the log: `schedule`, `deployment`, or a person. */
  readonly trigger?: string;
  /**
   * `true`: from the beginning, whatever an unfinished sweep left. By default it goes on where the last one stopped, so that
   * a sweep that never finishes in one invocation still gets to everything.
   */
  readonly restart?: boolean;
  /**
   * `true`: also finds marks that raw hands wrote without `markedAt` and whose stream record was lost; no index knows them.
   * It reads the Services and Networks tables whole.
   */
  readonly full?: boolean;
}

export interface SweepAnswer {
  /** It came to the end: all that was marked when it began, in this invocation or an earlier one, was settled or failed. */
  readonly complete: boolean;
  /** Where this invocation began, and where the next one goes on. */
  readonly startedAt?: SweepCursor;
  readonly resumeAt?: SweepCursor;
  readonly settled: number;
  readonly deletedCount: number;
  readonly failedCount: number;
  /** Marked parents that were seen and are still there. */
  readonly stillMarked: number;
  /** Age of the oldest of these marks that tells its time; 0 when none does. */
  readonly oldestMarkSeconds: number;
  /** Names such as `service#web`: the first 1,000. */
  readonly deleted: readonly string[];
  /** The first 1,000. */
  readonly failed: readonly { readonly parent: string; readonly error: string }[];
}

/** Only a text, and not a long one: what callers send must not cost the log its line. */
function triggerOf(request: SweepRequest | undefined): string | undefined {
  const trigger: unknown = request?.trigger;
  return typeof trigger === 'string' ? trigger.slice(0, LOGGED_TRIGGER_CHARACTERS_MAX) : undefined;
}

export function sweepFunction(ports: FunctionPorts) {
  return (request: SweepRequest | undefined, context: Context): Promise<SweepAnswer> =>
    invocation(ports, context, async (store, telemetry) => {
      const startedAt = request?.restart === true ? undefined : await store.readSweepCursor();
      const report = await sweep(store, ports.chance, {
        from: startedAt,
        full: request?.full === true,
        remainingMillis: () => context.getRemainingTimeInMillis(),
        onSettled: (settled) => telemetry.settled(settled, 0),
        onFailed: (parent, error) => telemetry.failed(parentName(parent), error),
        onPage: (next) => store.writeSweepCursor(next),
      });
      await store.writeSweepCursor(report.resumeAt);
      const summary = {
        complete: report.resumeAt === undefined,
        ...(startedAt && { startedAt }),
        ...(report.resumeAt && { resumeAt: report.resumeAt }),
        settled: report.settled,
        deletedCount: report.deleted.length,
        failedCount: report.failed.length,
        stillMarked: report.stillMarked,
        oldestMarkSeconds: (report.oldestMarkMillis ?? 0) / 1000,
      };
      // A part of the marks would tell nothing of the oldest one.
      if (summary.complete && startedAt === undefined) {
        telemetry.observe('StillMarked', summary.stillMarked);
        telemetry.observe('OldestMarkSeconds', summary.oldestMarkSeconds);
      }
      telemetry.swept({ trigger: triggerOf(request), ...summary });
      return {
        ...summary,
        deleted: report.deleted.slice(0, SWEEP_NAMES_MAX).map(parentName),
        failed: report.failed
          .slice(0, SWEEP_NAMES_MAX)
          .map(({ parent, error }) => ({ parent: parentName(parent), error: String(error) })),
      };
    });
}
