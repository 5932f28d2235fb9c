/** What people give instead of what Docker's Engine API answers, with the command that would print the right thing. */
import { shown } from '../../protocol/arguments.ts';
import type { Entry } from '../values.ts';
import { type ListName, sharedAmong } from './lists.ts';

const SERVICES = '"docker service inspect $(docker service ls -q)"';
const NETWORKS = '"docker network inspect $(docker network ls -q --filter scope=swarm)"';
const TASKS = '"docker inspect --type task $(docker service ps -q --no-trunc $(docker service ls -q))"';

interface Listing {
  /** The names of columns that tell it. */
  readonly columns: readonly string[];
  /** How the table for people begins. */
  readonly head: RegExp;
  readonly command: string;
  /** What the lines don't tell, and what to give instead. */
  readonly remedy: string;
}

/** What `--format json` prints for tables, and the tables themselves. Their columns are texts for people. */
const LISTINGS: readonly Listing[] = [
  {
    columns: ['ID', 'Image', 'Mode', 'Replicas'],
    head: /^ID +NAME +MODE +REPLICAS/,
    command: 'docker service ls',
    remedy: `it does not tell a service's networks; give what ${SERVICES} prints`,
  },
  {
    columns: ['ID', 'CurrentState', 'DesiredState', 'Node'],
    head: /^ID +NAME +IMAGE +NODE +DESIRED STATE/,
    command: 'docker service ps',
    remedy: `it does not tell a task's service; give what ${TASKS} prints`,
  },
  {
    columns: ['ID', 'Driver', 'Scope', 'Name'],
    head: /^NETWORK ID +NAME +DRIVER/,
    command: 'docker network ls',
    remedy: `its ids are cut short; give what ${NETWORKS} prints`,
  },
  {
    columns: ['Name', 'Services'],
    head: /^NAME +SERVICES/,
    command: 'docker stack ls',
    remedy: `it does not tell the services; give what ${SERVICES} prints`,
  },
  {
    columns: ['ID', 'Hostname', 'Availability'],
    head: /^ID +HOSTNAME +STATUS/,
    command: 'docker node ls',
    remedy: 'nodes are not imported; leave it out',
  },
  {
    columns: ['ID', 'Command', 'Image', 'Names'],
    head: /^CONTAINER ID +IMAGE/,
    command: 'docker ps',
    remedy: `containers are not imported, but tasks are; give what ${TASKS} prints`,
  },
];

/** A sentence without its subject, where nothing of its kind can be imported: a line of a listing, or the daemon's error. */
export function wrongAnswer(entry: Entry): string | undefined {
  const { message } = entry;
  if (typeof message === 'string' && Object.keys(entry).length === 1) {
    return `is an error of Docker's daemon (${JSON.stringify(message)}), and tells of no object; do what it says, and print the file anew`;
  }
  const listing = LISTINGS.find(({ columns }) => columns.every((column) => typeof entry[column] === 'string'));
  return listing && `is a line of "${listing.command}": ${listing.remedy}`;
}

/** The same of a text that is no JSON from its first character on. */
export function wrongText(text: string): string | undefined {
  if (/^[[{"\d-]|^(null|true|false)\b/.test(text)) return undefined;
  const listing = LISTINGS.find(({ head }) => head.test(text));
  if (listing !== undefined) return `is the table of "${listing.command}": ${listing.remedy}`;
  return `is not JSON, and begins with ${shown(text.split('\n')[0])}; give JSON, as "docker service inspect" and "deallocator export" print it`;
}

/** Objects of Docker's that hold nothing back here. */
const OTHER_KINDS: readonly (readonly [kind: string, isIt: (entry: Entry) => boolean])[] = [
  ['node', ({ Description, ManagerStatus }) => Description !== undefined || ManagerStatus !== undefined],
  ['container', ({ Id, State, Image }) => Id !== undefined && State !== undefined && Image !== undefined],
  ['image', ({ Id, RepoTags }) => Id !== undefined && RepoTags !== undefined],
  ['volume', ({ Name, Mountpoint }) => Name !== undefined && Mountpoint !== undefined],
  ['secret or config', ({ ID, Spec }) => ID !== undefined && ID !== '' && Object.keys(Spec ?? {}).includes('Name')],
];

/** Why an entry of no kind that is imported can't be used: a sentence without its subject. And how it is named. */
export function unknownShape(
  entry: Entry,
  lists: readonly ListName[],
): { readonly reason: string; readonly object: string | undefined } {
  const id = [entry.ID, entry.Id, entry.Name].find((value) => typeof value === 'string' && value !== '');
  const kind = OTHER_KINDS.find(([, isIt]) => isIt(entry))?.[0];
  if (kind !== undefined) {
    return { reason: `is a ${kind}, and ${inWords(lists)} are imported`, object: `${kind}#${id}` };
  }
  if (entry.ID === '' || entry.Id === '') {
    const field = entry.ID === '' ? 'ID' : 'Id';
    return { reason: `has the empty ${field} "": Docker printed an object that it did not find`, object: undefined };
  }
  return {
    reason: `is ${shown(entry)}, neither a snapshot nor a service, task or network of Docker's Engine API; give what GET /services, /tasks and /networks answer`,
    object: id === undefined ? undefined : `object#${id}`,
  };
}

function inWords(lists: readonly ListName[]): string {
  const all = ['services', 'tasks', 'networks', ...sharedAmong(lists)];
  return `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}
