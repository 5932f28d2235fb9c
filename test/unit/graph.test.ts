/** The pictures: what they show, and that no id can break out of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphFormat, GraphOptions } from '../../lib/operate/reports/drawing.ts';
import { drawGraph, renderGraph } from '../../lib/operate/reports/graph.ts';
import { memoryCluster } from '../support/memory-cluster.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

const { circumstances: CIRCUMSTANCES, plan: PLAN } = memoryCluster().cluster;

it('the manual shows what the command prints', async () => {
  const { client, cli } = memoryCommandLine();
  for (const id of ['shop_front', 'metrics']) await client.createNetwork({ id });
  await client.createService({ id: 'shop_web', spec: { networks: [{ target: 'shop_front' }, { target: 'metrics' }] } });
  await client.createTasks('shop_web', [{ id: '1' }, { id: '2' }]);
  await client.removeService('shop_web');
  await client.removeNetwork('shop_front', { whenInUse: 'wait' });
  const { stdout } = await cli(['graph', 'service', 'shop_web', '-o', 'mermaid']);
  const manual = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8');
  expect(manual).toContain(`$ deallocator graph service shop_web -o mermaid\n${stdout}\`\`\`\n`);
});

describe('a graph', () => {
  const drawn = async (format: GraphFormat, options: GraphOptions = {}) => {
    const { client, cluster, writers } = memoryCluster();
    for (const id of ['front', 'shared']) writers.createNetwork(id);
    await client.createService({ id: 'web', spec: { networks: [{ target: 'front' }, { target: 'shared' }] } });
    await client.createService({ id: 'api', spec: { networks: [{ target: 'shared' }] } });
    await client.createTasks('web', [{ id: '1' }]);
    await client.createTasks('api', [{ id: '1' }, { id: '2' }, { id: '3' }, { id: '4' }]);
    await client.removeService('web');
    await client.removeNetwork('shared', { whenInUse: 'wait' });
    await client.protectNetwork('shared');
    return drawGraph(cluster, [{ kind: 'service', id: 'web' }], format, options);
  };

  it('in Mermaid', async () => {
    expect(await drawn('mermaid')).toBe(`flowchart LR
  n0["service api<br/>at least 2 tasks"]:::not-marked
  n1["service web<br/>draining<br/>1 task"]:::draining
  n2(["network front"]):::not-marked
  n3(["network shared<br/>blocked<br/>protected"]):::blocked
  n0 ==> n3
  n1 --> n2
  n1 -.-> n3
  subgraph legend
    state-blocked(["blocked"]):::blocked
    state-draining(["draining"]):::draining
    state-not-marked(["not marked"]):::not-marked
    from-uses[" "] -->|uses| to-uses[" "]
    from-holds[" "] -.->|uses what is marked, which waits for it| to-holds[" "]
    from-blocks[" "] ==>|uses what is marked, and stays| to-blocks[" "]
  end
  classDef blocked stroke:#d03838,stroke-width:2px
  classDef draining stroke:#2f78d0,stroke-width:2px
  classDef not-marked stroke:#808080,stroke-width:1px
`);
  });

  it('in DOT, without a legend, with links', async () => {
    const text = await drawn('dot', {
      hasLegend: false,
      linkTo: ({ kind, id }) => `/object?${new URLSearchParams({ kind, id })}`,
    });
    expect(text).toMatch(
      /^ {2}n1 \[style="solid", label="service web\\ndraining\\n1 task", color="#2f78d0", penwidth=2, class="draining", URL="\/object\?kind=service&amp;id=web"\];$/m,
    );
    expect(text.match(/->/g)).toHaveLength(3);
    expect(text).toContain('  n0 -> n3 [color="#d03838", penwidth=2, class="blocks"];\n');
    expect(text).toMatch(/^digraph deallocator \{\n.*\n\}\n$/s);
    expect(text).not.toContain('legend');
  });

  it('draws one arrow for each pair, whatever the picture tells of it', async () => {
    const arrows = ((await drawn('dot')).match(/n\d+ -> n\d+/g) ?? []).map((arrow) =>
      arrow.split(' -> ').sort().join(),
    );
    expect(arrows).toHaveLength(3);
    expect(new Set(arrows).size).toBe(3);
  });

  it('draws the first 150 objects, and says how many there are beside', () => {
    const parents = new Map(Array.from({ length: 200 }, (_, n) => [`service#s${n}`, undefined] as const));
    const part = { parents, plan: PLAN, children: new Map(), users: new Map(), isWhole: true };
    const text = renderGraph(part, CIRCUMSTANCES, 'dot', { hasLegend: false }, 7);
    expect(text.match(/^ {2}n\d+ \[/gm)).toHaveLength(150);
    expect(text).toContain('label="… and 57 more, not drawn"');
    expect(renderGraph({ ...part, isWhole: false }, CIRCUMSTANCES, 'mermaid')).toContain('and at least 50 more');
    const few = { ...part, parents: new Map([...parents].slice(0, 2)) };
    expect(renderGraph(few, CIRCUMSTANCES, 'dot')).not.toContain('more');
    expect(renderGraph({ ...few, isWhole: false }, CIRCUMSTANCES, 'dot')).toContain('… and more that was not read');
  });

  it('holds any id, without a line more or a quote too early', () => {
    const id = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.constantFrom(
        '"]; x["',
        'a\nb',
        '\\',
        '\\N"',
        '<b>',
        '#quot;',
        '`md`',
        '&amp;',
        '\u202e',
        '\ud800',
        'end',
        '%%{',
      ),
    );
    fc.assert(
      fc.property(id, (odd) => {
        const part = {
          parents: new Map([[`service#${odd}`, undefined]]),
          plan: PLAN,
          children: new Map(),
          users: new Map(),
          isWhole: true,
        };
        const mermaid = renderGraph(part, CIRCUMSTANCES, 'mermaid', { hasLegend: false }).split('\n');
        expect(mermaid).toHaveLength(4);
        expect(mermaid[1]).toMatch(/^ {2}n0\["service ([\p{L}\p{N}\p{M} _.:-]|#\d+;)*<br\/>not there"\]:::not-there$/u);
        const dot = renderGraph(part, CIRCUMSTANCES, 'dot', { hasLegend: false, linkTo: ({ id }) => id }).split('\n');
        expect(dot).toHaveLength(7);
        const quoted = String.raw`([^"\\]|\\["\\])*`;
        expect(dot[4]).toMatch(
          new RegExp(
            `^ {2}n0 \\[style="solid,dashed", label="service ${quoted}\\\\nnot there", color="#808080", .*, URL="${quoted}"\\];$`,
            'u',
          ),
        );
      }),
    );
  });
});
