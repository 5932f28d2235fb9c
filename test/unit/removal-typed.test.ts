/** What is typed or piped for a removal, and what is said where that is not what was meant. */
import { describe, expect, it } from 'vitest';
import { memoryCommandLine } from '../support/memory-command-line.ts';

async function pair() {
  const world = memoryCommandLine();
  await world.client.createService({ id: 'a' });
  await world.client.createNetwork({ id: 'b' });
  const marked = async () => (await world.cli(['ls', '--marked', '-o', 'name'])).stdout;
  return { ...world, marked };
}

describe('an object with its kind among ids of one kind', () => {
  it.each<[string, readonly string[], string]>([
    [
      'of another kind',
      ['service', 'a', 'net/b'],
      'no service is called "net/b"; did you mean network b? Then give each object its kind: service/ID network/b\n',
    ],
    ['of the same', ['service', 'service#a'], 'no service is called "service#a"; did you mean service a?\n'],
  ])('%s stops all, with what may be meant', async (_, typed, hint) => {
    const { cli, marked } = await pair();
    const { status, stderr } = await cli(['rm', ...typed]);
    expect(status).toBe(1);
    expect(stderr).toContain(hint);
    expect(stderr).toContain('Nothing was marked');
    expect(await marked()).toBe('');
  });

  it('is its id where there is one', async () => {
    const { cli, client, marked } = await pair();
    await client.createService({ id: 'net/b' });
    expect(await cli(['rm', 'service', 'net/b'])).toMatchObject({ status: 0, stderr: '' });
    expect(await marked()).toBe('service/net/b\n');
  });
});

describe('standard input', () => {
  it.each([
    ['UTF-8 with its mark', Buffer.from('\uFEFFservice/a\r\n')],
    ['UTF-16, as PowerShell writes it', Buffer.from('\uFEFFservice/a\r\n', 'utf16le')],
  ])('may be %s', async (_, input) => {
    const { cli, marked } = await pair();
    expect(await cli(['rm', '-'], { input })).toMatchObject({ status: 0 });
    expect(await marked()).toBe('service/a\n');
  });

  it('in another encoding is refused, in words that do not speak of a snapshot', async () => {
    const { cli } = await pair();
    const { status, stderr } = await cli(['rm', 'service', '-'], { input: Buffer.from('\xe4', 'latin1') });
    expect(status).toBe(1);
    expect(stderr).toContain('deallocator rm: stdin is not UTF-8 text; save it as UTF-8');
  });

  it('without an object is told to be so', async () => {
    const { cli } = await pair();
    const { status, stderr } = await cli(['rm', '-'], { input: '\n' });
    expect([status, stderr]).toEqual([0, 'Standard input names no object, so there is nothing to do.\n']);
  });
});

it('Ctrl-C at the question marks nothing, and says so', async () => {
  const { cli, marked } = await pair();
  const stop = new AbortController();
  const onText = (text: string) => {
    if (text.includes('[y/N]')) stop.abort(new DOMException('interrupted by Ctrl-C', 'AbortError'));
  };
  const { status, stderr } = await cli(['rm', 'service', 'a'], {
    input: 'y\n',
    isTerminal: true,
    signal: stop.signal,
    onText,
  });
  expect(status).toBe(130);
  expect(stderr).toMatch(/\[y\/N\] \nNothing was marked\.\ndeallocator rm: interrupted\n$/);
  expect(await marked()).toBe('');
});
