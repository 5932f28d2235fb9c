import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { bundleOptions, LEFT_OUT_FILES, STAND_IN } from '../../lib/infra/bundle.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/**
 * What a cold start reads and compiles: 249 KB, and 309 with what the SDK loads and no request comes to. With its whole client it
 * is half as much again. Without arrow functions it is 15 KB larger, and starts more quickly. 12 KB are the texts for what comes from outside instead of an answer: strings, which are not compiled. 26 KB
 * are the plan of any kinds, and learning; the checks of a declaration stay at synth.
 */
const BUNDLE_BYTES_MAX = 252_000;

const REGIONS = ['eu-west-1', 'cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'eusc-de-east-1', 'local'];
const CHOICES = [
  {},
  { AWS_USE_FIPS_ENDPOINT: 'true' },
  { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
  { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000/' },
];
const SETTINGS = REGIONS.flatMap((AWS_REGION) => CHOICES.map((choice) => ({ ...choice, AWS_REGION })));

/** The functions' client, built as their code is: tells where its first request would go by each of the settings. */
const FIRST_URLS = `
  import { GetItemCommand } from '@aws-sdk/client-dynamodb';
  import { connectPlainly } from './lib/dynamodb/client.ts';
  const stop = () => async ({ request: { protocol, hostname, port, path, headers } }) => {
    const region = headers.authorization?.split('/')[2];
    throw new Error(protocol + '//' + hostname + (port ? ':' + port : '') + path + ' signed for ' + region);
  };
  async function tell() {
    const own = { ...process.env };
    const said = [];
    for (const settings of ${JSON.stringify(SETTINGS)}) {
      process.env = { ...own, ...settings };
      const db = connectPlainly();
      db.middlewareStack.add(stop, { step: 'deserialize', priority: 'low', name: 'stop' });
      const sent = db.send(new GetItemCommand({ TableName: 'T', Key: { id: { S: 'x' } } }));
      await sent.catch(({ message }) => said.push(message));
    }
    process.stdout.write(JSON.stringify(said));
  }
  void tell();`;

async function firstUrls(options: BuildOptions = {}): Promise<readonly string[]> {
  const stdin = { contents: FIRST_URLS, resolveDir: ROOT, loader: 'ts' } as const;
  const { outputFiles } = await build({ ...bundleOptions(ROOT), ...options, stdin });
  const { stdout, stderr } = spawnSync(process.execPath, ['-'], {
    input: outputFiles?.[0]?.text,
    env: { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr.slice(-1000));
  return JSON.parse(stdout);
}

describe('the bundle', () => {
  it('of all functions has at most 252 KB', async () => {
    const { outputFiles } = await build({ ...bundleOptions(ROOT), entryPoints: ['functions/index.ts'] });
    expect(outputFiles).toHaveLength(1);
    expect(outputFiles[0]?.contents.length).toBeLessThanOrEqual(BUNDLE_BYTES_MAX);
    expect(outputFiles[0]?.contents.length).toBeGreaterThan(50_000);
  });

  it('has no competitors of the bench, no other ways to find credentials than the environment, and no checks of kinds', async () => {
    const { outputFiles } = await build({ ...bundleOptions(ROOT), entryPoints: ['functions/index.ts'] });
    const text = outputFiles[0]?.text ?? '';
    const has = (name: string) => text.includes(name);
    const foreign = ['makeIdempotent', 'BatchProcessor', 'AssumeRoleWithWebIdentity', 'notUnderKey'];
    expect(['AWS_SESSION_TOKEN', ...foreign].filter(has)).toEqual(['AWS_SESSION_TOKEN']);
  });

  it('loads another file for each that is left out: the SDK has them all', async () => {
    const options = { ...bundleOptions(ROOT), entryPoints: ['functions/index.ts'] };
    const loaded = (await build({ ...options, metafile: true })).metafile.inputs;
    const bytes = LEFT_OUT_FILES.map((file) => [file, loaded[`node_modules/${file}`]?.bytes]);
    expect(bytes).toEqual(LEFT_OUT_FILES.map((file) => [file, STAND_IN.length]));
  });

  it('finds DynamoDB where the whole SDK does, in each partition, by FIPS, two stacks and another endpoint too', async () => {
    const ours = await firstUrls();
    expect(ours).toEqual(await firstUrls({ alias: {}, plugins: [] }));
    expect(ours).toHaveLength(SETTINGS.length);
    expect(ours).toEqual(
      expect.arrayContaining([
        'https://dynamodb.eu-west-1.amazonaws.com/ signed for eu-west-1',
        'https://dynamodb-fips.eu-west-1.amazonaws.com/ signed for eu-west-1',
        'https://dynamodb.cn-north-1.amazonaws.com.cn/ signed for cn-north-1',
        'http://127.0.0.1:8000/ signed for us-iso-east-1',
      ]),
    );
  });
});
