/** Where Lambda sends what it gave up: DestinationConfig, of a mapping and of an asynchronous invocation alike. */
import { checkProperties, findText, type Properties, readObject } from '../template/properties.ts';

/** The arn of the queue, or undefined. */
export function readOnFailure(where: string, properties: Properties): string | undefined {
  const destination = readObject(where, properties, 'DestinationConfig');
  if (destination === undefined) return undefined;
  checkProperties(`${where}, DestinationConfig`, destination, { used: ['OnFailure'] });
  const onFailure = readObject(where, destination, 'OnFailure');
  if (onFailure === undefined) return undefined;
  checkProperties(`${where}, OnFailure`, onFailure, { used: ['Destination'] });
  return findText(where, onFailure, 'Destination');
}
