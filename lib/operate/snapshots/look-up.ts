/** What the files of an import refer to and don't hold is looked up in the tables, before it is called missing. */
import type { DeallocatorClient } from '../../client/client.ts';
import { LIST_PAGE_ITEMS_MAX } from '../../protocol/limits.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { type Entry, isMap } from '../values.ts';
import type { ImportFile } from './documents.ts';
import { thereAmong } from './import-phases.ts';
import type { Known } from './lacks.ts';
import { isId, KIND_OF, type ListName, type SharedList, sharedAmong } from './lists.ts';
import { type ImportInput, inspectImport, judged, type ReadOptions } from './read-import.ts';
import { SNAPSHOT_OBJECTS_MAX } from './snapshot.ts';
import type { Missing } from './swarm-snapshot.ts';

type Reader = Pick<DeallocatorClient, 'getNetwork' | 'getService' | 'listNetworks'>;

/**
 * As {@link readImport}; what the files refer to may also be in the tables.
 *
 * @param open called once, where there is something to look up
 */
export async function prepareImport(
  files: readonly ImportFile[],
  open: () => Promise<Reader>,
  options: Omit<ReadOptions, 'known'> = {},
): Promise<ImportInput> {
  const input = inspectImport(files, undefined, options.plan);
  if (Object.values(input.missing).every(({ size }) => size === 0)) return judged(input, options);
  return judged(inspectImport(files, await lookUp(await open(), input.missing), options.plan), options);
}

async function lookUp(reader: Reader, missing: Missing): Promise<Known> {
  const there = async (list: ListName, get: (id: string) => Promise<Entry>) => {
    const possible = [...missing[list]].filter((id) => isId(KIND_OF[list], id));
    return (await thereAmong(get, possible)).map(({ id }) => id as string);
  };
  const networks = await there('networks', (id) => reader.getNetwork(id));
  const services = await there('services', (id) => reader.getService(id));
  const shared: Partial<Record<SharedList, string[]>> = {};
  for (const list of sharedAmong(Object.keys(missing) as ListName[])) {
    if (missing[list].size === 0) continue;
    shared[list] = await there(list, (id) => (reader as unknown as SharedReader).get(KIND_OF[list], id));
  }
  const known = networks.map((id): Known['networks'][number] => ({ id }));
  const rest = new Set([...missing.networks].filter((id) => !networks.includes(id)));
  return { ...shared, networks: [...known, ...(rest.size > 0 ? await networksNamed(reader, rest) : [])], services };
}

/** The client of a lifecycle that has volumes, secrets and configs. */
interface SharedReader {
  get(kind: string, id: string): Promise<Entry>;
}

/** Docker takes a network's name for its id. Reads no more networks than one import may have. */
async function networksNamed(reader: Reader, names: ReadonlySet<string>): Promise<Known['networks'][number][]> {
  const found: Known['networks'][number][] = [];
  let read = 0;
  const page = async (from: PageKey | undefined) => {
    const { items, next } = await reader.listNetworks({ limit: LIST_PAGE_ITEMS_MAX, ...(from && { from }) });
    return { items, next };
  };
  for await (const { items } of eachPage(page)) {
    for (const { id, spec } of items) {
      const name = isMap(spec?.annotations) ? spec.annotations.name : undefined;
      if (typeof name === 'string' && names.has(name)) found.push({ id, name });
    }
    read += items.length;
    if (read > SNAPSHOT_OBJECTS_MAX) break;
  }
  return found;
}
