import { SOCKETS_MAX } from '../../../lib/protocol/limits.ts';
import { streamHandlerOf } from '../../../lib/streams/handlers.ts';
import type { Contender } from '../environment.ts';

/** One look at the batch's counters, one decrement for each parent that drains. */
export const ours: Contender = { name: 'ours', sockets: SOCKETS_MAX, childDeleted: streamHandlerOf };
