/** Reports in terminals of any width, with any characters, with and without colour. */
import { describe, expect, it } from 'vitest';
import { openScreen } from '../../bin/cli/screen.ts';
import { cellsOf, cut, padded, painted, squeezed, terminalOf, wrapped } from '../../bin/cli/terminal.ts';
import { columns, emphasis } from '../../bin/cli/text.ts';

const tty = { write: () => {}, isTTY: true, columns: 100 };
const pipe = { write: () => {} };
const RED = '\x1b[31m';

describe('a text', () => {
  it.each([
    ['web', 3],
    ['网络', 4],
    ['e\u0301', 1],
    ['🐳', 2],
    ['👩‍💻', 2],
    ['🇩🇪', 2],
    ['한글', 4],
    ['', 0],
  ])('%j takes %d cells', (text, cells) => expect(cellsOf(text)).toBe(cells));

  it('is cut, squeezed, wrapped and filled up by cells, never within a character', () => {
    expect(cut('网络web', 5)).toBe('网络w');
    expect(cut('网络', 3)).toBe('网');
    expect(squeezed('service-in-the-middle-0042', 13)).toBe('servic…e-0042');
    expect(squeezed('👩‍💻👩‍💻👩‍💻', 5)).toBe('👩‍💻…👩‍💻');
    expect(wrapped('used by service web and others', 12)).toEqual(['used by', 'service web', 'and others']);
    expect(wrapped('网'.repeat(5), 4)).toEqual(['网网', '网网', '网']);
    expect(wrapped('网', 1)).toEqual(['网', '']);
    expect(padded('网', 4)).toBe('网  ');
  });
});

describe('a table', () => {
  const head = ['KIND', 'ID', 'AGE', 'COUNTER', 'STATE'];
  const rows = [
    ['service', `shop-${'x'.repeat(60)}-tail`, '11 s', 2, 'draining'],
    ['network', '网络🐳', '3 d', 1, 'blocked: used by service web, which is not marked for deletion'],
  ];
  const options = (width: number) => ({ terminal: { width }, optional: ['COUNTER', 'AGE'] });

  it.each([40, 60, 80, 100, 120, 200])('fits into %d columns', (width) => {
    const text = columns(head, rows, options(width));
    for (const line of text.split('\n')) expect(cellsOf(line)).toBeLessThanOrEqual(width);
    expect(text).toMatch(/blocked:/);
    expect(text).toContain('-tail');
    expect(text).toContain('网络🐳');
  });

  it('shortens first, then leaves out what matters least and says so, then wraps', () => {
    expect(columns(head, rows, options(200))).toContain(`shop-${'x'.repeat(60)}-tail`);
    expect(columns(head, rows, options(130))).toContain('COUNTER');
    const narrow = columns(head, rows, options(60));
    expect(narrow).toContain('(too narrow for COUNTER, AGE)');
    expect(narrow.split('\n')[0]).toBe('KIND      ID               STATE');
    expect(narrow.split('\n').length).toBeGreaterThan(4);
  });

  it('becomes blocks where nothing else helps', () => {
    const rows = [
      ['service', 'blocked by service web'],
      ['network-of-long-name', '-'],
    ];
    expect(columns(['KIND', 'STATE'], rows, { terminal: { width: 24 } })).toBe(
      'KIND   service\nSTATE  blocked by\n       service web\n\nKIND   network…g-name\nSTATE  -',
    );
  });

  it('is as wide as it needs to be in a file', () => {
    expect(columns(head, rows)).toContain('which is not marked for deletion');
    expect(columns(head, rows).split('\n')).toHaveLength(3);
  });
});

describe('colour', () => {
  it.each([
    [tty, {}, true],
    [tty, { NO_COLOR: '1' }, false],
    [tty, { NO_COLOR: '' }, true],
    [tty, { TERM: 'dumb' }, false],
    [pipe, {}, false],
    [pipe, { FORCE_COLOR: '1' }, true],
    [tty, { FORCE_COLOR: '0' }, false],
    [pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('at %j with %j: %s', (output, environment, hasColor) => {
    expect(terminalOf(output, environment).hasColor).toBe(hasColor);
    expect(emphasis('x', output, environment) !== 'x').toBe(hasColor);
  });

  it('is for what matters, and takes no room', () => {
    const rows = [
      ['web', 'blocked: by api'],
      ['api', 'draining'],
    ];
    const text = columns(['ID', 'STATE'], rows, { terminal: { width: 80, hasColor: true } });
    expect(text).toBe(`ID    STATE\nweb   ${RED}blocked: by api\x1b[39m\napi   draining`);
    expect(painted('deleted', {})).toBe('deleted');
  });
});

describe('a screen', () => {
  function drawnOn(size: { rows: number; columns: number }) {
    const written: string[] = [];
    const out = { isTTY: true, ...size, write: (text: string) => written.push(text) };
    return { out, written, screen: openScreen(out) };
  }

  it('writes only the lines that have changed, and clears those that are gone', () => {
    const { written, screen } = drawnOn({ rows: 24, columns: 80 });
    screen.draw(['1', 'a', 'b']);
    screen.draw(['2', 'a', 'b']);
    screen.draw(['2', 'c']);
    screen.draw(['2', 'c']);
    expect(written).toEqual([
      '\x1b[H\x1b[2J1\na\nb\n',
      '\x1b[1;1H2\x1b[K\x1b[4;1H',
      '\x1b[2;1Hc\x1b[K\x1b[3;1H\x1b[J',
      '\x1b[3;1H',
    ]);
  });

  it('takes no room for colours', () => {
    const { written, screen } = drawnOn({ rows: 5, columns: 10 });
    screen.draw(['\x1b[31mred\x1b[39m 5678', '\x1b[31mred\x1b[39m 567890']);
    expect(written[0]).toBe('\x1b[H\x1b[2J\x1b[31mred\x1b[39m 5678\nred 5678…\n');
  });

  it('is drawn whole where its size has changed, and never wider or higher than it is', () => {
    const { out, written, screen } = drawnOn({ rows: 5, columns: 10 });
    screen.draw(['网络网络网络', 'b', 'c', 'd', 'e']);
    expect(written[0]).toBe('\x1b[H\x1b[2J网络网络…\nb\nc\n… and 2 …\n');
    out.columns = 20;
    screen.draw(['网络网络网络', 'b', 'c', 'd', 'e']);
    expect(written[1]).toContain('\x1b[2J网络网络网络\n');
  });
});
