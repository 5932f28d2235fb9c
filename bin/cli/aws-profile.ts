/** What the AWS settings of this user lack: the SDK only says that it has found no credentials. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Io } from './io.ts';

/** A line that is neither a section, nor a setting, nor a comment, nor a part of the setting above it. */
const KNOWN_LINE = /^\s*$|^\s*[#;]|^\s*\[[^\]]+\]\s*([#;].*)?$|^\s*[^=\s][^=]*=|^\s+\S/;
const SECTION = /^\s*\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/;

/** A setting, or of a variable whose file was read: its name, and its value. */
const SETTING = /^\s*([^=\s#;]+)\s*=\s*(.*?)\s*$/;
const KEY_PAIRS = [
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
] as const;

interface Profile {
  readonly path: string;
  readonly settings: Map<string, string>;
}

/** One sentence on what is wrong with them; undefined where nothing is seen. */
export function profileFault(environment: Io['environment']): string | undefined {
  for (const [set, other] of KEY_PAIRS) {
    if (environment[set] && !environment[other]) return `${set} is set, and ${other} is not`;
  }
  const home = environment.HOME || environment.USERPROFILE || homedir();
  const files = [
    ['AWS_CONFIG_FILE', environment.AWS_CONFIG_FILE || join(home, '.aws', 'config')],
    ['AWS_SHARED_CREDENTIALS_FILE', environment.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials')],
  ] as const;
  const profiles = new Map<string, Profile>();
  for (const [variable, path] of files) {
    const text = readQuietly(path);
    if (text === undefined) {
      if (environment[variable]) return `${path}, which ${variable} names, can't be read`;
      continue;
    }
    const lines = text.split(/\r?\n/);
    const place = lines.findIndex((line) => !KNOWN_LINE.test(line));
    if (place !== -1) return `line ${place + 1} of ${path} is neither a [section] nor a setting: "${lines[place]}"`;
    readProfiles(lines, path, profiles);
  }
  const wanted = environment.AWS_PROFILE || 'default';
  const profile = profiles.get(wanted);
  if (profile !== undefined) return lackOf(wanted, profile, profiles);
  if (!environment.AWS_PROFILE) return undefined;
  const there = [...profiles.keys()].sort().slice(0, 20).join(', ') || 'none';
  return `there is no profile "${wanted}" (AWS_PROFILE) in ${files.map(([, path]) => path).join(' and ')}; there are: ${there}`;
}

/** A profile may stand in both files. */
function readProfiles(lines: readonly string[], path: string, profiles: Map<string, Profile>): void {
  let profile: Profile | undefined;
  for (const line of lines) {
    const [, name] = SECTION.exec(line) ?? [];
    if (name !== undefined) {
      profile = /^(sso-session|services)\s/.test(name)
        ? undefined
        : (profiles.get(name) ?? { path, settings: new Map() });
      if (profile !== undefined) profiles.set(name, profile);
    }
    const [, setting, value = ''] = SETTING.exec(line) ?? [];
    if (setting !== undefined) profile?.settings.set(setting, value);
  }
}

function lackOf(name: string, { path, settings }: Profile, profiles: ReadonlyMap<string, Profile>): string | undefined {
  const called = `the profile "${name}"`;
  for (const [set, other] of KEY_PAIRS.map((pair) => pair.map((variable) => variable.toLowerCase()))) {
    if (settings.has(set as string) && !settings.has(other as string))
      return `${called} in ${path} has ${set}, and no ${other}`;
  }
  const source = settings.get('source_profile');
  if (source !== undefined && !profiles.has(source)) {
    return `${called} has source_profile "${source}", and there is no such profile`;
  }
  return settings.has('credential_process')
    ? `${called} takes them from its credential_process: see by hand whether it prints any`
    : undefined;
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
