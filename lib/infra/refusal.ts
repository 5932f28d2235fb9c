/** What can't become a deployment is refused while the app is synthesized, with the code that a program can go by. */
import type { IConstruct } from 'constructs';
import { DeallocatorError } from '../protocol/errors.ts';

/** Throws `InvalidArgument`. The text says what was found, what is allowed, and what to do. */
export function refuse(scope: IConstruct, text: string): never {
  throw new DeallocatorError('InvalidArgument', `${scope.node.path}: ${text}`);
}

/** A misspelt name would be passed over without a word. */
export function refuseUnknown(
  scope: IConstruct,
  what: string,
  named: object | undefined,
  known: readonly string[],
): void {
  const unknown = Object.keys(named ?? {}).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  refuse(scope, `${what} names ${unknown.join(', ')}, and this deployment has ${known.join(', ')}; name one of these`);
}
