/** What client and reports check of their arguments, before anything is read or sent: a caller may have no types. */
import { DeallocatorError } from './errors.ts';
import {
  LIST_PAGE_ITEMS_DEFAULT,
  LIST_PAGE_ITEMS_MAX,
  MARKED_BY_BYTES_MAX,
  MARKED_REASON_BYTES_MAX,
} from './limits.ts';
import { byteLength } from './model.ts';

/** A text is not a list: its letters would be taken for ids. Nor has a list holes, which whatever goes through it may pass over. */
export function checkList(name: string, list: unknown): void {
  if (!Array.isArray(list)) throw invalid(`${name} is ${shown(list)}; it must be a list`);
  const hole = list.findIndex((_, place) => !(place in list));
  if (hole !== -1) throw invalid(`${name} has nothing at place ${hole}, counted from 0; fill it, or leave it out`);
}

export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw invalid(`options are ${shown(options)}; they must be an object`);
}

/** Who asks for a mark or an undelete, and why. */
export function checkDeclared(options: unknown): void {
  checkOptions(options);
  const { by, reason } = options as Record<string, unknown>;
  checkText('by', by, MARKED_BY_BYTES_MAX);
  checkText('reason', reason, MARKED_REASON_BYTES_MAX);
}

function checkText(name: string, text: unknown, bytesMax: number): void {
  if (text === undefined) return;
  if (typeof text === 'string' && text !== '' && text.isWellFormed() && byteLength(text) <= bytesMax) return;
  throw invalid(`${name} is ${shown(text)}; it must be a text of 1 to ${bytesMax} bytes`);
}

export function checkLimit(limit: number = LIST_PAGE_ITEMS_DEFAULT, most = LIST_PAGE_ITEMS_MAX): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw invalid(`limit is ${shown(limit)}; it must be a whole number from 1 to ${most}`);
}

export function invalid(message: string, cause?: unknown): DeallocatorError {
  return new DeallocatorError('InvalidArgument', message, { cause });
}

/** Characters of a value that a message quotes. */
const SHOWN_CHARACTERS_MAX = 60;

/** A value as a message shows it: a text in quotes, an object as JSON, and never more than a line of it. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : textOf(value);
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

function textOf(value: unknown): string {
  try {
    const isJson = typeof value === 'string' || typeof value === 'object';
    return (isJson ? JSON.stringify(value) : undefined) ?? String(value);
  } catch {
    return 'an object without a text'; // such as one that holds itself
  }
}
