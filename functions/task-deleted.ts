import { childDeleted } from '../lib/streams/child-deleted.ts';
import { portsFromEnvironment } from '../lib/streams/ports.ts';

export const handler = childDeleted('service', portsFromEnvironment(process.env));
