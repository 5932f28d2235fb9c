/** The pictures: what they show, and that no id can break out of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawGraph, renderGraph } from '../../lib/operate/reports/graph.ts';
import { memoryCluster } from '../support/memory-cluster.ts';

const CIRCUMSTANCES = memoryCluster().cluster.circumstances;

describe('a graph', () => {
  const drawn = async (format: 'mermaid' | 'dot') => {
    const { client, cluster, writers } = memoryCluster();
    for (const id of ['front', 'shared']) writers.createNetwork(id);
    await client.createService({ id: 'web', spec: { networks: [{ target: 'front' }, { target: 'shared' }] } });
    await client.createService({ id: 'api', spec: { networks: [{ target: 'shared' }] } });
    await client.createTasks('web', [{ id: '1' }]);
    await client.createTasks('api', [{ id: '1' }, { id: '2' }, { id: '3' }, { id: '4' }]);
    await client.removeService('web');
    await client.removeNetwork('shared', { whenInUse: 'wait' });
    await client.protectNetwork('shared');
    return drawGraph(cluster, [{ kind: 'service', id: 'web' }], format);
  };

  it('in Mermaid', async () => {
    expect(await drawn('mermaid')).toBe(`flowchart LR
  n0["service api"]
  n0t0("at least 2 tasks")
  n1["service web<br/>marked"]:::marked
  n1t0("task 1")
  n2{{"network front"}}
  n3{{"network shared<br/>marked<br/>protected"}}:::marked
  n0 -->|runs| n0t0
  n0 -->|uses| n3
  n1 -->|runs| n1t0
  n1 -.->|waits for| n1t0
  n1 -->|uses| n2
  n1 -->|uses| n3
  n3 -.->|waits for| n0
  n3 -.->|waits for| n1
  classDef marked stroke:#c00,stroke-width:3px
  classDef absent stroke-dasharray:4
`);
  });

  it('in DOT', async () => {
    const text = await drawn('dot');
    expect(text).toContain('  n1 [shape=box, label="service web\\nmarked", color=red, penwidth=2];\n');
    expect(text).toContain('  n3 -> n0 [label="waits for", style=dashed, constraint=false];\n');
    expect(text).toMatch(/^digraph deallocator \{\n.*\n\}\n$/s);
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
          tasks: new Map(),
          attached: new Map(),
          isWhole: true,
        };
        const mermaid = renderGraph(part, CIRCUMSTANCES, 'mermaid').split('\n');
        expect(mermaid).toHaveLength(5);
        expect(mermaid[1]).toMatch(/^ {2}n0\["service ([\p{L}\p{N}\p{M} _.:-]|#\d+;)*<br\/>not there"\]:::absent$/u);
        const dot = renderGraph(part, CIRCUMSTANCES, 'dot').split('\n');
        expect(dot).toHaveLength(5);
        expect(dot[2]).toMatch(/^ {2}n0 \[shape=box, label="service ([^"\\]|\\["\\])*\\nnot there", style=dashed\];$/u);
      }),
    );
  });
});
