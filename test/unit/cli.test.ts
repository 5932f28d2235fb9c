import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { readDurationMillis } from '../../bin/cli/arguments.ts';
import { commandNamed, GROUPS } from '../../bin/cli/command.ts';
import { joinPieces } from '../../bin/cli/commands/completion.ts';
import { COMMANDS } from '../../bin/cli/commands.ts';
import { errorWords, UsageError } from '../../bin/cli/errors.ts';
import { guessesOf } from '../../bin/cli/guesses.ts';
import { RUNNING_CLOUDS } from '../../bin/cli/running-clouds.ts';
import { readStackOutputs } from '../../bin/cli/stack-outputs.ts';
import { columns, duration, shortened, visible } from '../../bin/cli/text.ts';
import { RUNNING_DIRECTORY, readNames } from '../../bin/synthesize.ts';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { readConfig } from '../../lib/streams/configuration.ts';
import { LIFECYCLE_VARIABLE, readOutputs } from '../../lib/streams/deployment.ts';
import { call } from '../support/command-line.ts';

const TABLES = {
  services: 'S',
  tasks: 'T',
  networks: 'N',
  attachments: 'A',
  counters: 'C',
  receipts: 'R',
};
const OUTPUTS = {
  ServicesTableName: 'S',
  TasksTableName: 'T',
  NetworksTableName: 'N',
  AttachmentsTableName: 'A',
  CountersTableName: 'C',
  ReceiptsTableName: 'R',
};

describe('help', () => {
  it('lists every command, to stderr and with status 2 where none was given', async () => {
    const asked = await call(['--help']);
    expect(asked.status).toBe(0);
    for (const { name } of COMMANDS) expect(asked.stdout).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'));
    const forgotten = await call([]);
    expect(forgotten).toEqual({ status: 2, stdout: '', stderr: asked.stdout });
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'of %s shows options and examples',
    async (name, { options, examples }) => {
      const { status, stdout } = await call([name, '--help']);
      expect(status).toBe(0);
      for (const option of Object.keys(options)) expect(stdout).toContain(`--${option}`);
      expect(examples.length).toBeGreaterThan(0);
      for (const [line] of examples) expect(stdout).toContain(line);
    },
  );

  it('answers an unknown command with how to see those there are, and with the one that is meant', async () => {
    const { status, stderr } = await call(['destroy\u001b']);
    expect(stderr).toBe(
      `deallocator: unknown command 'destroy\\u{1b}' (Did you mean rm?)\nTry "deallocator --help".\n`,
    );
    expect(status).toBe(2);
    expect((await call(['swep'])).stderr).toContain('(Did you mean sweep?)');
    expect(await call(['help', 'swep'])).toEqual({
      status: 2,
      stdout: '',
      stderr: `deallocator: unknown command 'swep' (Did you mean sweep?)\nTry "deallocator --help".\n`,
    });
    expect(await call(['help', 'sweep'])).toEqual(await call(['sweep', '--help']));
  });

  it.each([
    ['delete', undefined],
    ['remove', undefined],
    ['destroy', 'rm'],
    ['destory', 'rm'],
    ['del', 'rm'],
    ['kill', 'rm'],
    ['purge', 'rm'],
    ['terminate', 'rm'],
    ['prune', 'sweep'],
    ['show', 'ls'],
    ['hist', 'history'],
    ['inport', 'import'],
    ['retsore', 'undelete'],
    ['unpurge', 'undelete'],
    ['undestroy', 'undelete'],
    ['unlist', undefined],
    ['stop', undefined],
    ['release', 'unprotect'],
    ['hold', 'protect'],
    ['unmark', 'undelete'],
    ['restore', 'undelete'],
    ['unprotct', 'unprotect'],
    ['protct', 'protect'],
    ['deleet', 'rm'],
    ['undelet', 'undelete'],
    ['inspect', 'describe'],
    ['why', 'explain'],
    ['xyzzy', undefined],
  ])('knows %s, or suggests %s, and never the opposite', (word, meant) => {
    if (commandNamed(COMMANDS, word) !== undefined) expect(commandNamed(COMMANDS, word)?.name).toBe('rm');
    else expect(guessesOf(word, COMMANDS)).toEqual(meant === undefined ? [] : [meant]);
    for (const name of guessesOf(word, COMMANDS))
      expect(name.startsWith('un')).toBe(/^(un|restore|retsore|release)/.test(word));
  });

  it('has its sections in one order, and an alias has the same help', async () => {
    const { stdout } = await call(['--help']);
    const headings = [...stdout.matchAll(/^(\w[\w ]+):$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Options', ...GROUPS, 'Commands']);
    expect(await call(['remove', '--help'])).toEqual(await call(['rm', '--help']));
    const { stdout: own } = await call(['protect', '--help']);
    expect([...own.matchAll(/^(\w[\w ]+):$/gm)].map(([, heading]) => heading)).toEqual([
      'Options of each command',
      'Examples',
    ]);
  });

  it.each([
    [['rm', '--stack', 'Prod', 'service', 'web'], /--stack names objects by their stack here, and --deployment/],
    [['rm', '--stack', 'Prod', '--cascade', 'shop'], /--stack and --cascade are the same/],
    [['rm', '--label', '=x'], /--label is "=x", allowed: NAME or NAME=VALUE/],
    [['rm', 'web'], /"web" is not a kind; allowed: service, network, or an object such as service\/web/],
    [['rm', 'service/web', 'api'], /"api" is not a kind/],
    [['explain', 'service/web', 'service/api'], /"service\/api" is one argument too many/],
    [['history', ''], /the network id "" is empty/],
    [['history', 'x'.repeat(1500), '--kind', 'service'], /makes a name of 1508 bytes, and at most 1024 fit/],
    [['rm', '--cascade', ''], /--cascade is "", allowed: the name of a stack/],
    [['rm', 'service', 'web', '--reason', ''], /reason is ""; it must be a text/],
    [['rm', 'service', 'web', '--dry-run', '--reason', 'x'.repeat(2000)], /reason is "x+…; it must be a text/],
    [['undelete', 'service', 'web', '--by', 'x'.repeat(300)], /by is "x+…; it must be a text/],
  ])('answers %j with 2 before it looks for a deployment', async (args, words) => {
    const { status, stdout, stderr } = await call(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(words);
  });
});

describe('the manual', () => {
  const sections = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8').split(/^## /m);

  it('has a section for each command, and for no other', () => {
    const titles = sections.slice(1).map((section) => section.split('\n')[0]);
    expect(titles).toEqual(['Which deployment', 'Output and exit status', ...COMMANDS.map(({ name }) => name)]);
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'of %s names each of its options',
    (name, { options }) => {
      const section = sections.find((text) => text.startsWith(`${name}\n`));
      expect(Object.keys(options).filter((option) => !section?.includes(`--${option}`))).toEqual([]);
    },
  );
});

describe('text', () => {
  it.each([
    ['web', 'web'],
    ['wéb 网 🐳', 'wéb 网 🐳'],
    ['a\u0000\u001b\u007f\u0085', 'a\\u{0}\\u{1b}\\u{7f}\\u{85}'],
    ['\u202eabc\u2066\u200b', '\\u{202e}abc\\u{2066}\\u{200b}'],
    ['a\r\n\tb\u2028', 'a\\u{d}\\u{a}\\u{9}b\\u{2028}'],
    ['\ud800x', '\\u{d800}x'],
  ])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

  it('stands in columns by its width, not its length', () => {
    const rows = [
      ['网网', 1],
      ['x\n', 22],
    ];
    expect(columns(['A', 'B'], rows)).toBe('A        B\n网网     1\nx\\u{a}   22');
  });

  it.each([
    ['x'.repeat(80), 'x'.repeat(80)],
    ['🐳'.repeat(41), `${'🐳'.repeat(20)}…${'🐳'.repeat(19)}`],
    [`${'a'.repeat(60)}${'z'.repeat(60)}`, `${'a'.repeat(40)}…${'z'.repeat(39)}`],
  ])('that others follow is shortened in its middle, by whole characters: %s', (text, shown) =>
    expect(shortened(text)).toBe(shown),
  );

  it.each([
    [0, '0 s'],
    [-3, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [3725, '1 h 2 min'],
    [86_400 * 3 + 60, '3 d'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});

describe('an error', () => {
  const named = (name: string, message: string, more: object = {}) =>
    Object.assign(new Error(message), { name, ...more });
  const $metadata = { httpStatusCode: 400 };

  it.each([
    [new DeallocatorError('NotFound', 'service \u001b is not there'), /^service \\u\{1b\} is not there \[NotFound\]$/],
    [
      named('Error', "EACCES: permission denied, open 'x'", { code: 'EACCES', syscall: 'open' }),
      /^EACCES: permission denied, open 'x'$/,
    ],
    [
      named('Error', "ENAMETOOLONG: name too long, open 'x'", { code: 'ENAMETOOLONG', syscall: 'open', path: 'x' }),
      /^ENAMETOOLONG: name too long, open 'x'$/,
    ],
    [named('Error', 'EISDIR: a directory, read', { code: 'EISDIR', syscall: 'read' }), /^EISDIR: a directory, read$/],
    [named('InvalidThing', 'not so', { $metadata }), /^InvalidThing: not so$/],
    ['thrown text', /^thrown text$/],
  ])('of outside is one line that says what to do: %s', (error, words) => {
    expect(errorWords(error)).toMatch(words);
    expect(errorWords(error)).not.toContain('\n');
  });
});

describe('what bash has split', () => {
  it.each([
    [['rm', 'service', 'web'], ['rm', 'service', 'web'], ''],
    [['rm', 'service', 'web', ':', '1'], ['rm', 'service', 'web:1'], 'web:'],
    [['rm', 'service', 'web', ':'], ['rm', 'service', 'web:'], 'web:'],
    [['rm', 'service', 'a', ':', 'b', '=', 'c'], ['rm', 'service', 'a:b=c'], 'a:b='],
    [['rm', 'service', 'a', '::', 'b'], ['rm', 'service', 'a::b'], 'a::'],
    [['rm', 'service', 'web', ':', ''], ['rm', 'service', 'web:', ''], ''],
    [['status', '--config', '=', 'x', 'web'], ['status', '--config=x', 'web'], ''],
  ])('%j is %j again, of which it has %j', (pieces, joined, hasBefore) =>
    expect(joinPieces(pieces)).toEqual({ joined, hasBefore }),
  );
});

describe('a time', () => {
  it.each([
    ['90', 90_000],
    ['0', 0],
    ['1.5s', 1500],
    ['500ms', 500],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['1m5.5s', 65_500],
    ['2d', 172_800_000],
  ])('%s is %d ms', (text, millis) => expect(readDurationMillis('timeout', text)).toBe(millis));

  it.each([['soon'], [''], ['-1'], ['1w'], ['600h'], ['30m1h'], ['1h1h'], ['1h30'], ['h']])('refuses "%s"', (text) => {
    expect(() => readDurationMillis('timeout', text)).toThrow(UsageError);
  });
});

describe('the configuration', () => {
  it('is looked for where the local cloud writes it', () => {
    expect(RUNNING_CLOUDS).toBe(relative(join(import.meta.dirname, '..', '..'), RUNNING_DIRECTORY));
  });

  it('may leave out all but the tables', () => {
    expect(readConfig('x', JSON.stringify({ tables: TABLES }))).toEqual({
      endpoint: undefined,
      region: undefined,
      accessKeyId: undefined,
      secretAccessKey: undefined,
      names: {
        tables: TABLES,
        sweepFunctionName: undefined,
        deadLetterQueueUrl: undefined,
        rules: { gracePeriodMillis: 0, receiptDays: 90 },
      },
    });
  });

  it('may tell the rule, and the kinds as data or as the text that a function has', () => {
    const lifecycle = swarmkit({ taskIsGone: 'terminal', taskNetworks: true });
    const said = { tables: TABLES, rules: { GracePeriodSeconds: 60 }, lifecycle };
    for (const told of [said, { ...said, lifecycle: LIFECYCLE_VARIABLE.write(lifecycle) }]) {
      const config = readConfig('x', JSON.stringify(told));
      expect(config.names.rules).toEqual({ gracePeriodMillis: 60_000, receiptDays: 90 });
      expect(config.lifecycle).toEqual(lifecycle);
    }
  });

  it.each([
    ['', /is no JSON/],
    ['[]', /names no table for services, tasks/],
    [JSON.stringify({ tables: { ...TABLES, tasks: 1 } }), /names no table for tasks;/],
    [JSON.stringify({ tables: TABLES, endpoint: 8000 }), /endpoint of x is 8000, and must be a text/],
    [JSON.stringify({ tables: TABLES, endpoint: 'here' }), /endpoint of x is "here", and must be a URL/],
    [JSON.stringify({ tables: TABLES, rules: 'x' }), /rules of x are "x", and must be an object/],
    [
      JSON.stringify({ tables: TABLES, rules: { GracePeriodSeconds: 0, TaskIsGone: 'terminal' } }),
      /rules of x have TaskIsGone, and may have GracePeriodSeconds; .* by lifecycle, as .*swarmkit\(\{ … \}\) gives it/,
    ],
    [
      JSON.stringify({ tables: TABLES, rules: { GracePeriodSeconds: '1m' } }),
      /GracePeriodSeconds is "1m", allowed: a num/,
    ],
    [JSON.stringify({ tables: TABLES, lifecycle: 'kinds.json' }), /lifecycle of x is "kinds.json", and must be a life/],
  ])('refuses %j', (text, message) => {
    expect(() => readConfig('x', text)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(message) }),
    );
  });
});

describe('a stack', () => {
  /** CloudFormation's client, as far as it is used. */
  const cloudFormation = mockClient(CloudFormationClient);
  const connection = { region: 'eu-central-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' } };
  afterEach(() => cloudFormation.reset());

  it('is asked for its outputs', async () => {
    const Outputs = Object.entries(OUTPUTS).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
    const stack = {
      StackName: 'Shop',
      CreationTime: new Date(0),
      StackStatus: 'CREATE_COMPLETE' as const,
      Outputs,
      StackId: 'arn:aws:cloudformation:eu-central-1:123456789012:stack/Shop/1',
    };
    cloudFormation.on(DescribeStacksCommand, { StackName: 'Shop' }).resolves({ Stacks: [stack] });
    expect(await readStackOutputs('Shop', connection)).toEqual({
      outputs: OUTPUTS,
      region: 'eu-central-1',
      account: '123456789012',
    });
  });

  it('that is not there is said in words', async () => {
    const missing = Object.assign(new Error('Stack with id Shop does not exist'), { name: 'ValidationError' });
    cloudFormation.on(DescribeStacksCommand).rejects(missing);
    await expect(readStackOutputs('Shop', connection)).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('there is no stack Shop'),
    });
  });

  it.each([
    [
      'ROLLBACK_COMPLETE',
      'Resource X does not exist',
      /is ROLLBACK_COMPLETE \(Resource X does not exist\), .*deploy it again/,
    ],
    ['CREATE_FAILED', undefined, /its creation failed/],
    ['REVIEW_IN_PROGRESS', undefined, /wait until it is done/],
    ['DELETE_FAILED', 'in use', /being deleted/],
    ['UPDATE_ROLLBACK_COMPLETE', undefined, /name the stack that holds the construct/],
    ['CREATE_COMPLETE', undefined, /stack Shop is CREATE_COMPLETE, and has no outputs; name the stack/],
  ] as const)('without outputs that is %s is told as that: %s', async (StackStatus, StackStatusReason, message) => {
    const stack = {
      StackName: 'Shop',
      CreationTime: new Date(0),
      StackStatus,
      ...(StackStatusReason && { StackStatusReason }),
    };
    cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [stack] });
    await expect(readStackOutputs('Shop', connection)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringMatching(message),
    });
  });

  it('whose name can be none is said in words', async () => {
    const message =
      "1 validation error detected: Value 'a_b' at 'stackName' failed to satisfy constraint: Member must …";
    cloudFormation.on(DescribeStacksCommand).rejects(Object.assign(new Error(message), { name: 'ValidationError' }));
    await expect(readStackOutputs('a_b', connection)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('"a_b" can\'t be the name of a stack; allowed: letters'),
    });
  });

  it('tells names and rules; those that it does not tell are the defaults', () => {
    const rules = { gracePeriodMillis: 0, receiptDays: 90 };
    expect(readOutputs('Shop', { ...OUTPUTS, SweepFunctionName: 'F', DeadLetterQueueUrl: 'Q' })).toEqual({
      tables: TABLES,
      sweepFunctionName: 'F',
      deadLetterQueueUrl: 'Q',
      rules,
    });
    const chosen = { GracePeriodSeconds: '60' };
    expect(readOutputs('Shop', { ...OUTPUTS, ...chosen }).rules).toEqual({ ...rules, gracePeriodMillis: 60_000 });
  });

  it('tells the same rules in the line that the local cloud prints', () => {
    const outputs = { ...OUTPUTS, SweepFunctionName: 'F', DeadLetterQueueUrl: 'Q' };
    const chosen = { GracePeriodSeconds: '20' };
    const line = JSON.stringify(readNames({ ...outputs, ...chosen }));
    expect(readConfig('line', line).names).toEqual(readOutputs('Shop', { ...outputs, ...chosen }));
  });

  it('of something else is refused with what it lacks', () => {
    const { ReceiptsTableName: _, ...others } = OUTPUTS;
    expect(() => readOutputs('Shop', others)).toThrow(
      expect.objectContaining({
        code: 'FailedPrecondition',
        message: expect.stringContaining('has no output ReceiptsTableName'),
      }),
    );
  });
});
