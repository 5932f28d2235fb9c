/** What the AWS settings of this user lack: the SDK only says that it has found no credentials. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Io } from './io.ts';

/** A line that is neither a section, nor a setting, nor a comment, nor a part of the setting above it. */
const KNOWN_LINE = /^\s*$|^\s*[#;]|^\s*\[[^\]]+\]\s*([#;].*)?$|^\s*[^=\s][^=]*=|^\s+\S/;
const SECTION = /^\s*\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/;

/** One sentence on what is wrong with them; undefined where nothing is seen. */
export function profileFault(environment: Io['environment']): string | undefined {
  const home = environment.HOME || environment.USERPROFILE || homedir();
  const files = [
    ['AWS_CONFIG_FILE', environment.AWS_CONFIG_FILE || join(home, '.aws', 'config')],
    ['AWS_SHARED_CREDENTIALS_FILE', environment.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials')],
  ] as const;
  const profiles = new Set<string>();
  for (const [variable, path] of files) {
    const text = readQuietly(path);
    if (text === undefined) {
      if (environment[variable]) return `${path}, which ${variable} names, can't be read`;
      continue;
    }
    const lines = text.split(/\r?\n/);
    const place = lines.findIndex((line) => !KNOWN_LINE.test(line));
    if (place !== -1) return `line ${place + 1} of ${path} is neither a [section] nor a setting: "${lines[place]}"`;
    for (const line of lines) {
      const [, name] = SECTION.exec(line) ?? [];
      if (name !== undefined && !/^(sso-session|services)\s/.test(name)) profiles.add(name);
    }
  }
  const wanted = environment.AWS_PROFILE;
  if (!wanted || profiles.has(wanted)) return undefined;
  const there = [...profiles].sort().slice(0, 20).join(', ') || 'none';
  return `there is no profile "${wanted}" (AWS_PROFILE) in ${files.map(([, path]) => path).join(' and ')}; there are: ${there}`;
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
