/** HTML in which every value is text, whatever characters an id, a name or a reason holds. */
import { visible } from '../cli/text.ts';

/** No value from the tables can have it. */
const MARKUP = Symbol('markup');

export interface Html {
  readonly [MARKUP]: string;
}

export type Value = Html | string | number | undefined | false | readonly Html[];

/** Values become text, also within quoted attributes, with invisible characters made visible. Only `Html` stays as it is. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return markup(parts.map((part, n) => `${part}${textOf(values[n])}`).join(''));
}

/** What another program has written for a page. */
export function markup(text: string): Html {
  return { [MARKUP]: text };
}

export function textOf(value: Value): string {
  if (value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (typeof value === 'object' && MARKUP in value) return value[MARKUP];
  return visible(String(value).toWellFormed()).replaceAll(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
