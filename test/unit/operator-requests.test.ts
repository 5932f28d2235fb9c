/** How many requests the reports send: they grow with pages and with hundreds, not with objects. */
import { describe, expect, it } from 'vitest';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { audit } from '../../lib/operate/audit/audit.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import { readHistory } from '../../lib/operate/reports/history.ts';
import { readStatus } from '../../lib/operate/reports/status.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { MEMORY_NAMES, memoryClient } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { MARKED, network, service, task } from '../support/objects.ts';

/** Pages of so many items: of 1 MB, with items of a kilobyte. */
const PAGE_ITEMS = 1000;

function world() {
  const tables = new MemoryTables();
  const engine = new MemoryEngine({ tables, names: MEMORY_NAMES, pageItemsMax: PAGE_ITEMS });
  const sent: string[] = [];
  // The engine in memory knows no other order; no test here has two receipts of one name.
  const sdk = memoryClient((operation, { ScanIndexForward: _, ...input }) => {
    sent.push(operation);
    return engine.carryOut(operation, input);
  });
  const db = documentClient(sdk);
  return { tables, sent, db, cluster: new Cluster(db, MEMORY_NAMES, { chance: testChance(), isLearned: true }) };
}
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const mark = (n: number) => ({ ...MARKED, markedAt: `2026-01-01T00:00:00.000Z#${n}` });

describe('status', () => {
  it('of 10,000 marked objects, all of them shown, takes at most 500 requests', async () => {
    const { tables, sent, cluster } = world();
    for (const n of numbers(5000)) {
      tables.put('services', service(`s${n}`, [`n${n}`], mark(n)));
      tables.put('networks', network(`n${n}`, mark(n)));
      tables.put('tasks', task(`s${n}`, '1'));
      tables.put('attachments', { held: `network#n${n}`, holder: `service#s${n}` });
      tables.put('counters', { id: `service#s${n}`, remaining: 1, epoch: 'e' });
    }
    const { marked, counts } = await readStatus(cluster, { limit: 10_000 });
    expect(marked).toHaveLength(10_000);
    expect(counts.draining + counts.stalled).toBe(10_000);
    expect(marked.every(({ children }) => children.count === 1 && children.isExact)).toBe(true);
    expect(sent.length).toBeLessThanOrEqual(500);
  });

  it('asks for the children of each where their table is too large to be read', async () => {
    const { tables, sent, cluster } = world();
    for (const n of numbers(150)) tables.put('services', service(`s${n}`, [], mark(n)));
    for (const n of numbers(3000)) tables.put('tasks', task(`s${n % 300}`, `${n}`));
    const { marked } = await readStatus(cluster, { limit: 150 });
    expect(marked.every(({ children }) => children.count === 10 && children.isExact)).toBe(true);
    expect(sent.filter((operation) => operation === 'Query')).toHaveLength(150);
  });
});

describe('explain', () => {
  it.each([1000, 10_000])('of a network with %i users takes at most 150 requests', async (count) => {
    const { tables, sent, cluster } = world();
    tables.put('networks', network('front', mark(0)));
    for (const n of numbers(count)) {
      tables.put('services', service(`s${n}`, ['front']));
      tables.put('tasks', task(`s${n}`, '1'));
      tables.put('attachments', { held: 'network#front', holder: `service#s${n}` });
    }
    const { usedBy, moreRelated, standing } = await explain(cluster, { kind: 'network', id: 'front' });
    expect(usedBy?.map(({ children }) => children?.[0]?.count)).toEqual(numbers(100).map(() => 1));
    expect(moreRelated).toBe(count - 100);
    expect(standing).toMatchObject({ state: 'blocked' });
    expect(sent.length).toBeLessThanOrEqual(150);
  });
});

describe('audit', () => {
  it('takes a request for each page, and where nothing is wrong no other', async () => {
    const { tables, sent, db } = world();
    tables.put('networks', network('front'));
    for (const n of numbers(2500)) {
      tables.put('services', service(`s${n}`, ['front']));
      tables.put('tasks', task(`s${n}`, '1'));
      tables.put('attachments', { held: 'network#front', holder: `service#s${n}` });
    }
    const { findings, read } = await audit(db, MEMORY_NAMES, { chance: testChance() });
    expect(findings).toEqual([]);
    expect(read).toMatchObject({ services: 2500, attachments: 2500 });
    expect(sent).toEqual(numbers(3 * 3 + 2).map(() => 'Scan'));
  });

  it('looks at 2,000 faults in requests of a hundred', async () => {
    const { tables, sent, db } = world();
    for (const n of numbers(1000)) {
      tables.put('tasks', task('gone', `${n}`));
      tables.put('services', service(`s${n}`, ['nowhere']));
      tables.put('attachments', { held: 'network#nowhere', holder: `service#s${n}` });
    }
    const { findings } = await audit(db, MEMORY_NAMES, { chance: testChance() });
    expect(findings).toHaveLength(2000);
    // Two looks: of tasks and services; of services, networks and attachments. Then the receipts of both that are gone.
    expect(sent.filter((operation) => operation === 'BatchGetItem').length).toBeLessThanOrEqual(2 * 10 * 6);
    expect(sent.filter((operation) => operation === 'Query')).toHaveLength(2);
  });
});

describe('history', () => {
  it('holds no more than what is shown, and counts the others', async () => {
    const { tables, cluster } = world();
    const at = (n: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1000).toISOString();
    // The newest neither first nor last.
    for (const n of numbers(5000)) {
      const receipt = { markedAt: `${n}`, trigger: 'sweep', freed: [], kept: [] };
      tables.put('receipts', { id: `service#s${n}`, deletedAt: at((n * 7919) % 5000), ...receipt });
    }
    const { deletions, more, isWhole } = await readHistory(cluster, { limit: 10 });
    expect(deletions.map(({ deletedAt }) => deletedAt)).toEqual(numbers(10).map((n) => at(4999 - n)));
    expect({ more, isWhole }).toEqual({ more: 4990, isWhole: true });
  });

  it('of an id counts a service once, whose receipt is found by its name and in the table', async () => {
    const { tables, cluster } = world();
    const rest = { trigger: 'sweep', freed: [{ id: 'network#web', markedAt: '1' }], kept: [] };
    tables.put('receipts', { id: 'service#web', markedAt: '1', deletedAt: '2026-01-01T00:00:00.000Z', ...rest });
    const { deletions, more } = await readHistory(cluster, { id: 'web' });
    expect(deletions.map(({ object }) => object)).toEqual(['network#web', 'service#web']);
    expect(more).toBe(0);
  });
});
