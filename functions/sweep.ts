import { portsFromEnvironment } from '../lib/streams/ports.ts';
import { sweepFunction } from '../lib/streams/sweep.ts';

export const handler = sweepFunction(portsFromEnvironment(process.env));
