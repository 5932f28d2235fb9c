/** `deallocator` as a process of its own: in a terminal, in a pipe that closes, under Ctrl-C, and as it is installed. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeConfig } from '../support/command-line.ts';
import { type LocalBackend, localBackend, refusedMeanwhile } from '../support/local-backend.ts';
import { runProgram } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'deallocator-cli-'));
const config = join(folder, 'cloud.json');
let backend: LocalBackend;

beforeAll(async () => {
  backend = await localBackend();
  writeConfig(config, backend);
  // More than a pipe holds.
  const note = 'x'.repeat(1000);
  const tasks = Array.from({ length: 300 }, (_, n) => ({ serviceId: 'web', id: `${n}`, note }));
  writeFileSync(join(folder, 'cluster.json'), JSON.stringify({ services: [{ id: 'web' }], networks: [], tasks }));
});
afterAll(async () => {
  await backend.close();
  rmSync(folder, { recursive: true });
});

const CLEAR_SCREEN = '\x1b[H\x1b[2J';
const FIRST_LINE = '\x1b[1;1H';
const BOLD = '\x1b[1m';
const BOLD_END = '\x1b[22m';
const quoted = (word: string) => `'${word}'`;
const line = (...args: string[]) => [process.execPath, join(ROOT, 'bin/deallocator.ts'), ...args].map(quoted).join(' ');
/** What Node takes for a sign that a terminal has no colours, or has some: a test's runner and a CI say it of their own. */
const COLOR_SIGNS = ['FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS', 'CI'];

/** All that is drawn there, and the status. Ctrl-C, or another text, is typed there once, as soon as enough is seen. */
async function seenIn(
  kind: 'xterm-256color' | 'dumb',
  command: string,
  isEnough = (_seen: string) => false,
  typed = '\x03',
) {
  const own = Object.entries(process.env).filter(([name]) => !COLOR_SIGNS.includes(name));
  const env = { ...Object.fromEntries(own), TERM: kind };
  // A shell that stays in between gets Ctrl-C too, and some then have a status of their own.
  const terminal = spawn('script', ['-qec', `exec ${command}`, '/dev/null'], { env });
  let seen = '';
  let isTyped = false;
  terminal.stdout.on('data', (text) => {
    seen += text;
    if (isTyped || !isEnough(seen)) return;
    isTyped = true;
    terminal.stdin.write(typed);
  });
  const [status] = await once(terminal, 'close');
  return { status, seen };
}

it('draws a bar in a terminal, and puts the result below it', async () => {
  const command = line('import', '--config', config, join(folder, 'cluster.json'));
  const { seen: stdout } = await seenIn('xterm-256color', command);
  expect(stdout).toContain('tasks: 300 of 300');
  expect(stdout).toContain('█'.repeat(24));
  expect(stdout).toMatch(/tasks +300 +0 +0\r\n$/);
  // The cursor is there again.
  expect(stdout.lastIndexOf('\x1b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\x1b[?25l'));
});

it.each([
  [['wait', 'service', 'stuck', '--timeout', '0'], 'waiting for service stuck', 'service stuck: still there', 3],
  [['rm', 'service', 'stuck', '--wait', '--timeout', '0'], 'waiting for', 'service stuck: still there', 3],
  [['audit', '--confirm', '0'], 'reading ', 'found 0 faults', 0],
  [['sweep'], 'sweeping', 'failed        0', 0],
] as const)('%j draws in a terminal, and puts the result below it', async ([name, ...args], drawn, result, status) => {
  await backend.client.createService({ id: 'stuck' }).catch(() => {});
  await backend.client.createTask('stuck', { id: '1' }).catch(() => {});
  await backend.client.removeService('stuck');
  await backend.deliver();
  const command = line(name, '--config', config, ...args);
  const { seen: stdout, status: ended } = await seenIn('xterm-256color', command);
  await backend.client.undeleteService('stuck');
  expect(stdout.slice(0, stdout.lastIndexOf(result))).toMatch(new RegExp(`░  ${drawn}`));
  expect(stdout).toContain(result);
  expect(stdout.lastIndexOf('\x1b[?25h')).toBeGreaterThanOrEqual(stdout.lastIndexOf('\x1b[?25l'));
  expect(ended, stdout).toBe(status);
});

it('draws how far a redrive has come, and puts the result below it', async () => {
  await backend.client.createService({ id: 'late' });
  await backend.client.createTask('late', { id: '1' });
  await backend.client.removeService('late');
  await backend.deliver();
  await refusedMeanwhile(backend, () => backend.client.deleteTask('late', '1'));
  const { seen, status } = await seenIn('xterm-256color', line('redrive', '--config', config));
  const result = seen.indexOf('\r\nreceived');
  expect(seen.slice(0, result)).toMatch(new RegExp(`${'█'.repeat(24)}  [1-9]\\d* messages? received`));
  expect(seen.slice(result)).toContain('service late   \x1b[32mdeleted\x1b[39m\r\n');
  expect(status).toBe(0);
});

it('draws a status anew in a terminal, only the lines that have changed, until Ctrl-C is typed there', async () => {
  const command = line('status', '--watch', '--interval', '500ms', '--config', config);
  const isEnough = (seen: string) => seen.split(FIRST_LINE).length === 4;
  const { seen: drawn, status } = await seenIn('xterm-256color', command, isEnough);
  expect(drawn.startsWith(CLEAR_SCREEN)).toBe(true);
  expect(drawn.split(CLEAR_SCREEN)).toHaveLength(2);
  expect(drawn.split('Nothing is marked for deletion.')).toHaveLength(2);
  // Each look has a time of its own, which is bold there.
  const times = [...drawn.matchAll(/20\S+?Z/g)].map(([time]) => time);
  expect(new Set(times).size).toBe(4);
  for (const time of times) expect(drawn).toContain(`${BOLD}${time}${BOLD_END}`);
  expect(status).toBe(0);
});

it('moves no cursor in a terminal that calls itself dumb, and says the same in lines', async () => {
  const imported = await seenIn('dumb', line('import', '--config', config, join(folder, 'cluster.json')));
  expect(imported.seen).toMatch(/tasks +0 +300 +0\r\n$/);
  await backend.client.createService({ id: 'dumb' });
  await backend.client.createTask('dumb', { id: '1' });
  const waited = await seenIn(
    'dumb',
    line('rm', 'service', 'dumb', '--yes', '--wait', '--timeout', '0', '--config', config),
  );
  expect(waited.seen).toContain('waiting for service dumb');
  expect(waited.status).toBe(3);
  const watch = line('status', '--watch', '--interval', '500ms', '--config', config);
  const watched = await seenIn('dumb', watch, (seen) => seen.split('1 object marked').length === 3);
  await backend.client.undeleteService('dumb');
  expect(watched.status).toBe(0);
  expect(imported.seen + waited.seen + watched.seen).not.toContain('\x1b');
});

it.each([
  ['y\r', 0, 'service asked: marked'],
  ['\r', 1, 'Nothing was marked.'],
  ['\x03', 130, 'interrupted'],
])(
  'asks in a terminal before it marks: %j ends with %d',
  async (typed, status, said) => {
    await backend.client.createService({ id: 'asked' }).catch(() => {});
    await backend.client.createTask('asked', { id: '1' }).catch(() => {});
    const command = line('rm', 'service', 'asked', '--config', config);
    const asked = await seenIn('dumb', command, (seen) => seen.includes('[y/N] '), typed);
    expect(asked.seen).toMatch(/Mark 1 object on local cloud at http\S+, by\s+\S+\? Nothing goes at once/);
    expect(asked.seen).toContain(said);
    expect(asked.status).toBe(status);
    await backend.client.undeleteService('asked');
  },
  30_000,
);

it('completes in a real bash, and never runs what is in an id', async () => {
  for (const id of ['web-1', 'web-$(touch pwned)', 'a:b=c', 'a:x']) await backend.client.createService({ id });
  const script = `
    deallocator() { ${line()} "$@"; }
    source <(deallocator completion bash)
    COMP_WORDS=(deallocator protect --config ${quoted(config)} service web-) COMP_CWORD=5
    _deallocator
    printf '%s,' "\${COMPREPLY[@]}"
    COMP_WORDS=(deallocator protect --config ${quoted(config)} service a : b = ) COMP_CWORD=8
    _deallocator
    printf ';%s' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder });
  expect(stdout).toBe('web-1,;c');
  expect(existsSync(join(folder, 'pwned'))).toBe(false);
});

/** Through a pipe whose reader goes away early; the status is the command's. */
async function pipe(command: string, reader: string) {
  const shell = spawn('bash', ['-c', `${command} | ${reader}; exit "\${PIPESTATUS[0]}"`]);
  const output = { stdout: '', stderr: '' };
  shell.stdout.on('data', (text) => {
    output.stdout += text;
  });
  shell.stderr.on('data', (text) => {
    output.stderr += text;
  });
  const [status] = await once(shell, 'close');
  return { status, ...output };
}

it('is quiet where the reader goes away, and does what it was asked for', async () => {
  const exported = await pipe(line('export', '--config', config), 'head -c 10');
  expect(exported.stdout).toHaveLength(10);
  expect(exported.stderr).toMatch(/^exported .*\n/);
  expect(exported.status).toBe(0);
  const watched = await pipe(line('status', '--watch', '--interval', '500ms', '--config', config), 'head -n 1');
  expect(watched).toEqual({ status: 0, stdout: expect.stringMatching(/^20\S+Z\n$/), stderr: '' });
  const removed = await pipe(line('rm', 'service', 'web', '--config', config), 'true');
  expect(removed).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(await backend.client.getService('web')).toMatchObject({ pendingDelete: true });
});

it('ends with 130 on Ctrl-C, whatever it waits for', async () => {
  // Nothing but the sweep is to be held up by its tables.
  await backend.deliver();
  let isHeld = () => {};
  const held = new Promise<void>((resolve) => {
    isHeld = resolve;
  });
  backend.cloud.setIntercept(({ principal }) => {
    if (principal !== 'outside') isHeld();
    return principal === 'outside' ? undefined : { respond: { status: 500, body: {} } };
  });
  const program = runProgram('bin/deallocator.ts', ['sweep', '--config', config]);
  await held;
  program.child.kill('SIGINT');
  const { status, stdout, stderr } = await program.ended;
  backend.cloud.setIntercept(undefined);
  expect({ status, stdout, stderr }).toEqual({ status: 130, stdout: '', stderr: 'deallocator sweep: interrupted\n' });
});

it('ends the page when npm, which has started it, is told to end', async () => {
  const args = ['run', '--silent', 'deallocator', '--', 'ui', '--json', '--config', config];
  const npm = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const [told] = await once(npm.stdout.setEncoding('utf8'), 'data');
  const { url } = JSON.parse(told);
  expect((await fetch(url)).status).toBe(200);
  npm.kill('SIGTERM');
  await expect.poll(() => fetch(url).then(({ status }) => status, String), { timeout: 60_000 }).toMatch(/^TypeError/);
});
