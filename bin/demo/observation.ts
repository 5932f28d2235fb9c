/** What the functions did, from their structured log lines, and what the local cloud reports as wrong. */

import type { Plan } from '../../lib/lifecycle/plan.ts';
import type { LogEntry } from '../../lib/local/ground/log.ts';
import { keyNamed, spoken } from '../../lib/operate/names.ts';
import { TROUBLE_LINES_MAX } from './limits.ts';

export interface Deletion {
  readonly kind: string;
  readonly id: string;
  /** The function that did it, as in `functions/`. */
  readonly by: string;
  /** In whose transaction it went, if that was another's: `service web`. */
  readonly along: string | undefined;
  readonly atEpochMillis: number;
}

interface DecisionLine {
  readonly level?: string;
  readonly at?: string;
  readonly function?: string;
  readonly decision?: string;
  readonly parent?: string;
  readonly freed?: readonly string[];
}

export class Observation {
  readonly #plan: Plan;
  readonly deletions: Deletion[] = [];
  /** Lines that tell of trouble: errors, crashes, and the local cloud's own. */
  readonly trouble: string[] = [];
  onDeletion: (deletion: Deletion) => void = () => {};

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  readonly log = ({ source, line }: LogEntry): void => {
    const decision = source === 'local' ? undefined : parseLine(line);
    if (decision === undefined || decision.level === 'ERROR') {
      if (this.trouble.length < TROUBLE_LINES_MAX) this.trouble.push(`${source}: ${line}`);
      return;
    }
    if (decision.decision !== 'deleted') return;
    const { parent = '', freed = [], function: by = source, at = '' } = decision;
    for (const name of [parent, ...freed]) {
      const key = keyNamed(this.#plan, name);
      if (key === undefined) continue;
      const along = name === parent ? undefined : spoken(this.#plan, parent);
      const deletion = { ...key, by, along, atEpochMillis: Date.parse(at) };
      this.deletions.push(deletion);
      this.onDeletion(deletion);
    }
  };
}

function parseLine(line: string): DecisionLine | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
