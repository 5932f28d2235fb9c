/** What is foreseen: what will go, in which order, and what will stay, and why. */
import type { Hold } from '../../protocol/decide.ts';

/** What is expected to happen: what others delete of an object goes, such as the tasks of a service; or a sweep runs. */
export type Assumption =
  | {
      readonly assume: 'children gone';
      /** The object's name, such as `service#web`. */
      readonly of: string;
    }
  | {
      readonly assume: 'sweep';
      /** The end of a grace period, ISO 8601. Absent: the next sweep will do. */
      readonly notBefore?: string;
    };

/** One transaction. */
export interface ForecastDeletion {
  /** Names such as `service#web` of what goes together; the first is the one whose turn it is. */
  readonly deleted: readonly string[];
  /** Names of what it held, such as networks, and what stays for now. */
  readonly letsGoOf: readonly string[];
}

/** What goes after one thing has happened. */
export interface ForecastStep {
  /** Absent: nothing has to happen first. The deletions are on their way, or a record was lost and the next sweep does them. */
  readonly after?: Assumption;
  /** In this order. Empty: this alone deletes nothing. */
  readonly deletions: readonly ForecastDeletion[];
}

/** Why an object stays. */
export type StayReason =
  | { readonly because: 'not marked' }
  | { readonly because: 'protected' }
  /** Its users are being counted, since some of them are older than the declaration that they hold it. */
  | {
      readonly because: 'learning';
      /** When a sweep began with that, milliseconds since 1970. Absent: none has yet. */
      readonly sinceEpochMillis?: number;
    }
  | {
      readonly because: 'grace period';
      /** Its end, ISO 8601. */
      readonly until: string;
    }
  | {
      readonly because: 'children';
      /** Their kind, such as `task`. */
      readonly kind: string;
      /** How many of them are left under its key; a lower bound where `isExact` is false. */
      readonly count: number;
      /** Whether all of them were counted. */
      readonly isExact: boolean;
    }
  | {
      readonly because: 'used';
      /** Names of what uses it, such as services, or tasks. */
      readonly by: readonly string[];
    }
  /** It has more users than were read. */
  | { readonly because: 'not all read' }
  /** A raw writer has overwritten its counter, so nothing is decided about it until that is repaired. */
  | { readonly because: 'unreadable counter' };

/** What is still there in the end, and why. */
export interface ForecastStay {
  /** Its name, such as `network#front`. */
  readonly object: string;
  /** It goes once none of these is left. */
  readonly reasons: readonly StayReason[];
}

/** What will go, in which order, and what will stay. */
export interface Forecast {
  /** One after the other, each once what it waits for has happened. */
  readonly steps: readonly ForecastStep[];
  /** What is still there after the last step, and is marked or has lost a user. */
  readonly stays: readonly ForecastStay[];
  /** False: not all of the neighbourhood was read, and things may happen otherwise. */
  readonly isWhole: boolean;
}

/** What holds an object, as reports tell it. */
export function reasonOf(hold: Hold): StayReason {
  return hold.because === 'grace period' ? { because: 'grace period', until: isoOf(hold.untilEpochMillis) } : hold;
}

/** A moment in ISO 8601. */
export function isoOf(epochMillis: number): string {
  return new Date(epochMillis).toISOString();
}
