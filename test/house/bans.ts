/** What the core may not say, and what to use instead. */
import { type Source, withoutComments } from './sources.ts';

const CORE = /^lib\/(lifecycle|protocol|dynamodb|streams|client|operate|testing)\//;

/** `except` names the files that own it. */
const BANS: readonly { readonly ban: RegExp; readonly use: string; readonly except: readonly string[] }[] = [
  { ban: /\bDate\.now\(|new Date\(\)/, use: 'Chance.nowEpochMillis', except: ['lib/dynamodb/system-chance.ts'] },
  {
    ban: /Math\.random\(|randomUUID\(/,
    use: 'Chance.fraction or Chance.fresh',
    except: ['lib/dynamodb/system-chance.ts'],
  },
  { ban: /setTimeout\(|setInterval\(/, use: 'Chance.pause', except: [] },
  // `DeallocatorClient.fromEnvironment()` takes another environment as an argument.
  { ban: /process\.env/, use: 'an argument', except: ['lib/client/options.ts'] },
  { ban: /console\.|process\.stdout/, use: 'Telemetry, or return data', except: ['lib/streams/ports.ts'] },
  { ban: /[:<|] ?any\b/, use: 'unknown', except: [] },
];

export function bannedWords(product: readonly Source[]): string[] {
  return product
    .filter(({ path }) => CORE.test(path))
    .flatMap(({ path, text }) => {
      const code = withoutComments(text);
      return BANS.filter(({ ban, except }) => !except.includes(path) && ban.test(code)).map(
        ({ ban, use }) => `${path}: ${ban}, use ${use}`,
      );
    });
}
