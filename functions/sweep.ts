import { portsFromEnvironment } from '../lib/streams/ports.ts';
import { sweepRequested } from '../lib/streams/sweep-requested.ts';

export const handler = sweepRequested(portsFromEnvironment(process.env));
