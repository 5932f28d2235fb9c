/** What can't become a deployment is refused while the app is synthesized, with the code that a program can go by. */
import type { IConstruct } from 'constructs';
import { DeallocatorError } from '../protocol/errors.ts';

/** Throws `InvalidArgument`. The text says what was found, what is allowed, and what to do. */
export function refuse(scope: IConstruct, text: string): never {
  throw new DeallocatorError('InvalidArgument', `${scope.node.path}: ${text}`);
}
