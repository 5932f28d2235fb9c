/** `sweep`: on a schedule, right after a deployment, and by hand. */
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
}

export interface SweepAnswer {
  readonly complete: boolean;
  /** Where it began, and where the next one goes on. */
  readonly startedAt?: SweepCursor;
  readonly resumeAt?: SweepCursor;
  readonly settled: number;
  /** Names such as `service#web`. */
  readonly deleted: readonly string[];
  readonly failed: readonly { readonly parent: string; readonly error: string }[];
  readonly oldestMarkSeconds: number;
}

export function sweepFunction(ports: FunctionPorts) {
  return (request: SweepRequest | undefined, context: Context): Promise<SweepAnswer> =>
    invocation(ports, context, async (store, telemetry) => {
      const startedAt = request?.restart === true ? undefined : await store.readSweepCursor();
      const report = await sweep(store, ports.chance, {
        from: startedAt,
        remainingMillis: () => context.getRemainingTimeInMillis(),
        onSettled: (settled) => telemetry.settled(settled, 0),
        onFailed: (parent, error) => telemetry.failed(parentName(parent), error),
      });
      if (report.resumeAt !== undefined || startedAt !== undefined) await store.writeSweepCursor(report.resumeAt);
      const oldestMarkSeconds = (report.oldestMarkMillis ?? 0) / 1000;
      if (report.complete && startedAt === undefined) telemetry.observe('OldestMarkSeconds', oldestMarkSeconds);
      const answer: SweepAnswer = {
        complete: report.complete,
        ...(startedAt && { startedAt }),
        ...(report.resumeAt && { resumeAt: report.resumeAt }),
        settled: report.settled,
        deleted: report.deleted.map(parentName),
        failed: report.failed.map(({ parent, error }) => ({ parent: parentName(parent), error: String(error) })),
        oldestMarkSeconds,
      };
      const { deleted, failed, ...rest } = answer;
      telemetry.swept({ trigger: request?.trigger, ...rest, deleted: deleted.length, failed: failed.length });
      return answer;
    });
}
