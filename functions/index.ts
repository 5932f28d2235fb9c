/** The code of each deployed function. The construct says in DEALLOCATOR_FUNCTION which of the five this one is. */
import { readEnvironment } from '../lib/streams/deployment.ts';
import { handlerOf } from '../lib/streams/handlers.ts';
import { portsFromEnvironment } from '../lib/streams/ports.ts';

const environment = readEnvironment(process.env);
export const handler = handlerOf(environment.functionName, portsFromEnvironment(environment));
