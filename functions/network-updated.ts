import { parentUpdated } from '../lib/streams/parent-updated.ts';
import { portsFromEnvironment } from '../lib/streams/ports.ts';

export const handler = parentUpdated('network', portsFromEnvironment(process.env));
