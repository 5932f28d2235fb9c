/** What to type next: told at the end of the demo, and by a local cloud that is ready. */

interface NextStep {
  readonly command: string;
  readonly says: string;
}

export const START_CLOUD: NextStep = {
  command: 'npm run local',
  says: 'the same cloud, for you: it stays up until Ctrl-C',
};

/** Beside a running cloud, in another terminal. */
export const BESIDE_CLOUD: readonly NextStep[] = [
  { command: 'npm run deallocator -- import bin/sample-cluster.json', says: 'fills its tables with the sample' },
  {
    command: 'npm run deallocator -- rm --stack shop --dry-run',
    says: 'tells what a removal would take, and what stays',
  },
  { command: 'npm run deallocator -- ui', says: 'shows who holds what in a browser, as it happens' },
];

/** The same for kinds of one's own. */
export function besideKinds(file: string, exported: string | undefined): readonly NextStep[] {
  const given = exported === undefined ? file : `${file} --export ${exported}`;
  return [
    { command: `npm run local -- --lifecycle ${given}`, says: 'the same cloud, for you: it stays up until Ctrl-C' },
    { command: 'npm run deallocator -- status', says: 'what is marked there; so do explain, ls, rm and history' },
    { command: `npm run deallocator -- lifecycle ${given}`, says: 'what each kind causes' },
  ];
}

export function nextSteps(steps: readonly NextStep[]): string {
  const width = Math.max(...steps.map(({ command }) => command.length));
  return steps.map(({ command, says }) => `  ${command.padEnd(width)}   ${says}`).join('\n');
}
