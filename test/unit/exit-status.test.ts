/** The exit status of every command, as docs/cli.md promises it: 0 done, 1 error or not there, 2 usage, 3 blocked or too late. */
import { expect, it } from 'vitest';
import { COMMANDS } from '../../bin/cli/commands.ts';
import { MEMORY_TARGET, memoryCommandLine } from '../support/memory-command-line.ts';

/**
 * Service `web` on network `front`; `api` drains, and network `back` waits for it; `safe` is protected; `odd` has a counter
 * that a raw write has overwritten; `gone` was deleted, `old` too, but its receipt has expired; two services are called `twin`. `raw` and `untimed` are items that no
 * client of ours writes.
 */
async function world() {
  const made = memoryCommandLine();
  const { client, backend, tables } = made;
  for (const id of ['front', 'back', 'lone']) await client.createNetwork({ id });
  await client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } });
  await client.createService({ id: 'api', spec: { networks: [{ target: 'back' }] } });
  for (const id of ['safe', 'odd', 'gone', 'old']) await client.createService({ id });
  for (const id of ['twin-1', 'twin-2']) await client.createService({ id, spec: { annotations: { name: 'twin' } } });
  for (const id of ['api', 'odd']) await client.createTask(id, { id: '1' });
  await client.protectService('safe');
  for (const id of ['api', 'odd', 'gone', 'old']) await client.removeService(id);
  await client.removeNetwork('back', { whenInUse: 'wait' });
  await backend.deliver();
  const expired = tables.list('receipts').filter(({ id }) => id === 'service#old');
  for (const { id, markedAt } of expired)
    await backend.delete('receipts', { id: String(id), markedAt: String(markedAt) });
  tables.put('services', { id: 'raw', pendingDelete: 'yes', markedAt: 'x', spec: 'none', protected: 1 });
  tables.put('services', { id: 'untimed', pendingDelete: true, markedAt: 'soon', status: 7 });
  tables.put('tasks', { serviceId: 'untimed', id: '1', status: 'up', desiredState: 3 });
  tables.put('counters', { id: 'service#odd', remaining: 'abc', epoch: 'e' });
  return made;
}

type Row = readonly [line: string, status: 0 | 1 | 2 | 3, said?: RegExp];

const ROWS: readonly Row[] = [
  ['lifecycle', 0],
  ['lifecycle bin/examples/ideas.ts', 0],
  ['lifecycle bin/examples/none.ts', 1, /can't be read/],
  ['lifecycle tsconfig.build.json', 1, /has the word "extends"/],
  ['lifecycle bin/examples/ideas.ts extra', 2],
  ['status', 0],
  ['status --blocked', 0],
  ['status extra', 2],
  ['status --interval 1ms', 2],
  ['status --limit 0', 2],

  ['ls', 0],
  ['ls networks', 0],
  ['ls --stack none', 0, /Nothing was found/],
  ['ls --marked', 0],
  ['ls cities', 2, /"cities" is not a kind/],
  ['ls -o xml', 2],
  ['ls --label =a', 2],

  ...['explain', 'describe'].flatMap((command): Row[] => [
    [`${command} service web`, 0],
    [`${command} service/api`, 0],
    [`${command} service/odd`, 0],
    [`${command} service/raw`, 0, /service raw is not marked/],
    [`${command} service/untimed`, 0, /service untimed is marked for deletion, with the mark soon/],
    [`${command} service/gone`, 0, /service gone is gone/],
    [`${command} service/old`, 1, /service old is not there/],
    [`${command} service/never`, 1, /service never is not there/],
    [
      `${command} service twin`,
      1,
      /"twin" is the name of 2 services: service\/twin-1 \(twin\), service\/twin-2 \(twin\)/,
    ],
    [`${command} service`, 2, /the id of a service is missing/],
    [`${command} city web`, 2],
    [`${command} service web api`, 2],
  ]),
  ['explain service/web --graph dot', 0],
  ['explain service/gone --graph dot', 0],
  ['explain service/old --graph dot', 1],
  ['explain service/never --graph mermaid', 1],
  ['explain service/web --graph svg', 2],

  ['graph', 0, /^<\?xml.*>service api<.*<\/svg>\n$/s],
  ['graph service/web network back -o dot', 2],
  ['graph service/web network/back -o dot', 0, /^digraph /],
  ['graph service/gone -o mermaid', 0, /service gone<br.>gone/],
  ['graph service/old', 1],
  ['graph --stack none', 1, /no service and no network is of stack "none"/],
  ['graph --stack none service/web', 2],
  ['graph service/web -o png', 2, /--output is "png", allowed: svg, mermaid, dot/],

  ['history', 0],
  ['history web', 0, /is there, and no receipt tells of a former life/],
  ['history gone', 0],
  ['history service/gone', 0],
  ['history service old', 1, /is not there, and no receipt tells of it/],
  ['history never', 1],
  ['history service twin', 1],
  ['history service odd', 0],
  ['history --kind city web', 2],
  ['history a b c', 2],

  ['wait service gone', 0, /service gone: gone/],
  ['wait service web', 3, /service web: not marked/],
  ['wait service api --timeout 0', 3, /service api: still there, draining/],
  ['wait service odd --timeout 0', 3, /service odd: still there, unreadable/],
  ['wait service raw', 3, /service raw: not marked/],
  ['wait service untimed --timeout 0', 3, /service untimed: still there, draining/],
  ['wait service old', 1, /service old: not there/],
  ['wait service never', 1, /service never: not there/],
  ['wait service never gone', 1],
  ['wait service never api --timeout 0', 3],
  ['wait service twin', 1],
  ['wait service', 2],
  ['wait service api --timeout soon', 2],

  ...['', ' --dry-run'].flatMap((dry): Row[] => [
    [`rm service web${dry}`, 0],
    [`rm service api${dry}`, 0, /leave service api: marked/],
    [`rm service odd${dry}`, 0, /leave service odd: marked/],
    [`rm service safe${dry}`, 3, /refuse service safe: it is protected/],
    [`rm network front${dry}`, 3, /refuse network front: it is in use/],
    [`rm network front --even-in-use${dry}`, 0],
    [`rm service never${dry}`, 1, /refuse service never: it is not there/],
    [`rm service old${dry}`, 1, /refuse service old: it is not there/],
    [`rm service raw${dry}`, 0, /mark service raw/],
    [`rm service untimed${dry}`, 0, /leave service untimed: marked with the mark soon/],
    [`rm service gone${dry}`, 1, /refuse service gone: it is gone/],
    [`rm service web never${dry}`, 1],
    [`rm service web never --ignore-missing${dry}`, 0],
    [`rm service never --ignore-missing${dry}`, 0],
    [`rm service safe never --ignore-missing${dry}`, 3],
    [`rm service twin${dry}`, 1],
    [`rm --stack none${dry}`, 1, /stack none was not found/],
    [`rm --label none${dry}`, 1],
    [`undelete service api${dry}`, 0],
    [`undelete service odd${dry}`, 0],
    [`undelete service web${dry}`, 0, /leave service web: not marked/],
    [`undelete service gone${dry}`, 1, /it is gone/],
    [`undelete service old${dry}`, 1, /it is not there/],
    [`undelete service never${dry}`, 1],
    [`undelete service never --ignore-missing${dry}`, 0],
    [`undelete service twin${dry}`, 1],
  ]),
  // Something is done, and something refused: only then do a plan and its carrying out differ.
  ['rm service web safe --dry-run', 0],
  ['rm service web safe', 3],
  ['rm service api --wait --timeout 0', 3],
  ['rm service web --timeout 1s', 2],
  ['rm --stack a --cascade b', 2],
  ['rm', 2],
  ['undelete', 2],

  ['protect service web', 0, /service web: protected/],
  ['protect service safe', 0, /service safe: was protected before/],
  ['protect service odd', 0],
  ['protect service raw', 0],
  ['protect service never', 1],
  ['protect service gone', 1],
  ['protect service old', 1],
  ['protect service twin', 1],
  ['protect service', 2],
  ['unprotect service safe', 0],
  ['unprotect service web', 0, /service web: was not protected/],
  ['unprotect service never', 1],
  ['unprotect service twin', 1],
  ['unprotect', 2],

  ['audit --confirm 0', 1, /unreadable counter: service odd/],
  ['audit --confirm 0 --repair', 1, /malformed mark: service raw/],
  ['audit extra', 2],
  ['selftest', 1, /there are tables only/],
  ['selftest extra', 2],
  ['selftest --within 10m', 2],
  ['sweep', 1, /service odd +failed/],
  ['sweep --full', 1],
  ['sweep extra', 2],
  ['redrive', 1, /the dead-letter queue is not known/],
  ['redrive extra', 2],

  ['import', 2],
  ['import none.json', 1],
  ['import - -', 2],
  ['export', 0],
  ['export a b', 2],
  ['export /nowhere/x.json', 1, /x\.json can't be written: ENOENT.*; name a file that can \[InvalidArgument\]/],
  ['ui extra', 2],
  ['ui --port 70000', 2],
  ['completion bash', 0],
  ['completion tcsh', 2],
];

/** What they print is for another program, and nothing else; or it is about no deployment. */
const FOR_PIPES = /^completion|^lifecycle|^export$|graph/;

it.each(ROWS.map(([line, status, said = /(?:)/]) => [line, status, said] as const))(
  'deallocator %s: %i',
  async (line, status, said) => {
    const { cli } = await world();
    const told = await cli(line.split(' '));
    expect(told.stdout + told.stderr).toMatch(said);
    expect(told.status, told.stdout + told.stderr).toBe(status);
    // Whatever ends with 0 has an answer, and whatever is wrong says so.
    if (status === 0) expect(told.stdout).not.toBe('');
    if (status === 2) expect(told.stderr).toMatch(/Try "deallocator [a-z]+ --help"\.\n$/);
  },
);

it.each(ROWS.filter(([line, status]) => status !== 2 && !FOR_PIPES.test(line)).map(([line]) => line))(
  'deallocator %s: says what it is about, in words and with --json',
  async (line) => {
    const [inWords, inJson] = [
      await (await world()).cli(line.split(' ')),
      await (await world()).json(...line.split(' ')),
    ];
    // Where nothing could be told at all, there is an error.
    if (inWords.stdout === '') expect(inWords.stderr).toMatch(/^deallocator /);
    else expect(inWords.stdout).toMatch(/^(On|Plan for) local cloud at http:\/\/127\.0\.0\.1:4000\n/);
    if (inJson.document !== undefined) expect(inJson.document.target).toEqual(MEMORY_TARGET);
    expect(inJson.status).toBe(inWords.status);
  },
);

it('a sweep and a redrive without failures end with 0, and an empty status too', async () => {
  const { cli, client, backend, tables } = memoryCommandLine();
  await client.createService({ id: 'web' });
  expect((await cli(['status'])).stdout).toMatch(/Nothing is marked for deletion\.\n$/);
  await client.removeService('web');
  expect((await cli(['sweep'])).stdout).toMatch(/^service web +deleted$/m);
  expect((await cli(['sweep'])).status).toBe(0);
  expect((await cli(['audit', '--confirm', '0'])).status).toBe(0);
  await client.createService({ id: 'odd' });
  await client.createTask('odd', { id: '1' });
  await client.removeService('odd');
  await backend.deliver();
  tables.put('counters', { id: 'service#odd', remaining: 'abc', epoch: 'e' });
  await client.deleteTasks('odd', ['1']);
  const repaired = await cli(['audit', '--confirm', '0', '--repair']);
  expect(repaired.stdout).toContain(
    'repaired 2, left 0\n  service odd: not deleted\n  service odd: unreadable counter\n  deleted service odd\n',
  );
  expect(repaired.status).toBe(0);
});

it('every command is tried, rightly and wrongly', () => {
  // `local` would start an engine: test/infra/package tries it, from the tarball.
  const short = COMMANDS.filter(({ name }) => name !== 'local');
  const tried = (name: string) => ROWS.filter(([line]) => line.split(' ')[0] === name).map(([, status]) => status);
  for (const { name } of short) expect([...new Set(tried(name))].sort().at(-1), name).toBeGreaterThanOrEqual(2);
  // One runs until Ctrl-C: test/ui has it.
  for (const { name } of short.filter(({ name }) => name !== 'ui')) {
    expect(Math.min(...tried(name)), name).toBeLessThan(2);
  }
});
