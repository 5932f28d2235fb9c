import { afterEach, expect, it, vi } from 'vitest';
import { defaultProvider } from '../../lib/infra/lambda-credentials.ts';

afterEach(() => vi.unstubAllEnvs());

it('takes a function’s credentials from its environment, its session included', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'session');
  expect(await defaultProvider()()).toEqual({ accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'session' });
});

it('looks again each time it is asked, and needs no session', async () => {
  const find = defaultProvider();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', undefined);
  expect(await find()).toEqual({ accessKeyId: 'key', secretAccessKey: 'secret' });
});

it.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])(
  'refuses an environment without %s, and says so',
  async (name) => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv(name, undefined);
    await expect(defaultProvider()()).rejects.toThrow(name);
  },
);
