/**
 * What the scheduler chooses, one thing at a time. A choice names processes and requests by numbers that it brings along
 * itself, so that a story from which others were left out still means the same.
 */
import type { Action } from './scene.ts';

/** A refusal that DynamoDB never meant: the request was not carried out, and may be sent again. */
export type Refusal = 'throttled' | 'conflict' | 'server error' | 'denied';

export type Choice =
  | {
      readonly do: 'act';
      readonly process: number;
      readonly action: Action;
      /** No other process's request comes between its own. */
      readonly atOnce: boolean;
      /** Done at once up to its first write, whose answer is lost. */
      readonly loses: boolean;
    }
  | {
      readonly do: 'deliver';
      readonly process: number;
      readonly lane: string;
      /** The first waiting record that is handed out. */
      readonly from: number;
      readonly records: number;
    }
  | { readonly do: 'sweep'; readonly process: number; readonly full: boolean; readonly restart?: boolean }
  | {
      readonly do: 'send';
      readonly process: number;
      readonly request: number;
      readonly age: number;
      /** 0: all of it is carried out; else in which way only a part of it is. */
      readonly unprocessed: number;
    }
  /** `die`: its last request is carried out, and its answer is lost with the process. */
  | { readonly do: 'lose' | 'hang' | 'arrive' | 'die'; readonly process: number; readonly request: number }
  | { readonly do: 'refuse'; readonly process: number; readonly request: number; readonly as: Refusal }
  | { readonly do: 'wake'; readonly process: number; readonly timer: number }
  /** `late`: what it had sent is still on its way. */
  | { readonly do: 'crash' | 'time out'; readonly process: number; readonly late: boolean }
  | { readonly do: 'duplicate'; readonly lane: string; readonly record: number; readonly at: number }
  | { readonly do: 'reorder' | 'drop'; readonly lane: string; readonly record: number }
  | { readonly do: 'delay'; readonly lane: string; readonly millis: number }
  | { readonly do: 'expire'; readonly table: string }
  | { readonly do: 'jump'; readonly millis: number };

export type Do = Choice['do'];

/** What the story's teller can name. */
export interface Stage {
  /** Such as `task-deleted 7`. */
  nameOf(process: number): string;
  /** Such as `GetItem service#web`. */
  requestOf(process: number, request: number): string;
  actionOf(action: Action): string;
}

export function tellChoice(choice: Choice, stage: Stage): string {
  switch (choice.do) {
    case 'act':
      return `writer ${choice.process} ${choice.loses ? 'loses an answer' : choice.atOnce ? 'is done' : 'starts'}: ${stage.actionOf(choice.action)}`;
    case 'deliver':
      return `${choice.lane} hands up to ${choice.records} records${choice.from > 0 ? ` from its number ${choice.from}` : ''} to ${stage.nameOf(choice.process)}`;
    case 'sweep':
      return `sweep ${choice.process} starts${choice.full ? ', a full one' : ''}`;
    case 'expire':
      return `the ${choice.table} stream expires with all its records`;
    case 'jump':
      return `${choice.millis / 1000} s pass`;
    case 'duplicate':
      return `${choice.lane}: an old record (${choice.record}) comes again`;
    case 'reorder':
    case 'drop':
      return `${choice.lane}: record ${choice.record} is ${choice.do === 'drop' ? 'lost' : 'moved to the front'}`;
    case 'delay':
      return `${choice.lane} stands still for ${choice.millis} ms`;
    case 'crash':
    case 'time out':
      return `${stage.nameOf(choice.process)} ${choice.do === 'crash' ? 'dies' : 'is killed at its timeout'}`;
    case 'wake':
      return `${stage.nameOf(choice.process)} goes on after a pause`;
    default: {
      const what = {
        send: 'carried out',
        lose: 'carried out, and the answer is lost',
        hang: 'not answered in time; it is still on its way',
        arrive: 'arrives late, and is carried out',
        die: 'carried out, and its process dies',
        refuse: choice.do === 'refuse' ? `refused: ${choice.as}` : '',
      }[choice.do];
      return `${stage.nameOf(choice.process)}: ${stage.requestOf(choice.process, choice.request)}: ${what}`;
    }
  }
}
