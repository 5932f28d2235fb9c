/** What the doors export, and whether it tells what it is. TypeDoc asks the same of the types, but in CI alone: it has to be fetched. */
import { dirname, join } from 'node:path';
import type { Source } from './sources.ts';

const DECLARATION = /^export (?:abstract )?(?:async )?(?:interface|type|class|function\*?|const) (\w+)/;
const WITH_MEMBERS = /^export (?:abstract )?(?:interface|class) .*\{$/;
const MEMBER = /^ {2}(?:static |override |async |get |readonly )*(?!constructor\b|private\b)([a-zA-Z]\w*)\??[<(:]/;

export interface Exported {
  readonly name: string;
  /** The file that declares it. */
  readonly path: string;
}

/** The names that a door gives out; of a whole file, all types that this file exports. */
export function exportsOf(door: string, sources: readonly Source[]): Exported[] {
  const at = (file: string | undefined) => join(dirname(door), file ?? '');
  const text = textIn(sources, door);
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)].flatMap(([, names = '', file]) =>
    names.split(',').map((name) => ({ name: name.replace(/^\s*type /, '').trim(), path: at(file) })),
  );
  const whole = [...text.matchAll(/^export type \* from '([^']+)'/gm)].flatMap(([, file]) =>
    [...textIn(sources, at(file)).matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name = '']) => ({
      name,
      path: at(file),
    })),
  );
  return [...listed, ...whole].filter(({ name }) => name !== '');
}

/** `path: Name` or `path: Name.member` of each thing that has no docstring right above it. */
export function undocumented(door: string, sources: readonly Source[]): string[] {
  return exportsOf(door, sources).flatMap(({ name, path }) => {
    const lines = textIn(sources, path).split('\n');
    const begin = lines.findIndex((line) => DECLARATION.exec(line)?.[1] === name);
    if (begin === -1) return [`${path}: ${name} is not declared there`];
    const end = WITH_MEMBERS.test(lines[begin] ?? '') ? lines.indexOf('}', begin) : begin;
    return lines.slice(begin, end + 1).flatMap((line, offset) => {
      const member = offset === 0 ? name : MEMBER.exec(line)?.[1];
      const isTold = lines[begin + offset - 1]?.endsWith('*/') === true;
      return member === undefined || isTold ? [] : [`${path}: ${offset === 0 ? name : `${name}.${member}`}`];
    });
  });
}

function textIn(sources: readonly Source[], path: string): string {
  return sources.find((source) => source.path === path)?.text ?? '';
}
