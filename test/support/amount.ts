import { inject } from 'vitest';
import { AMOUNTS, type AmountName, LEFT_OUT, type Tier } from './tiers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly tier: Tier;
  }
}

/** How many, in the tier that runs: tiers.ts says why. */
export function amountOf(name: AmountName): number {
  return AMOUNTS[name][inject('tier')];
}

/** How much of all that there is the tier does. */
export function shareOf(name: AmountName): number {
  return amountOf(name) / AMOUNTS[name].rest;
}

/** Those that this tier does. Each name that it leaves out must be one of them. */
export function doneHere<T>(kind: keyof typeof LEFT_OUT, all: readonly T[], nameOf: (one: T) => string): readonly T[] {
  const left: readonly string[] = LEFT_OUT[kind].names;
  const unknown = left.filter((name) => all.every((one) => nameOf(one) !== name));
  if (unknown.length > 0) throw new Error(`test/support/tiers.ts leaves out ${unknown.join(', ')}, which no test has`);
  return inject('tier') === 'rest' ? all : all.filter((one) => !left.includes(nameOf(one)));
}
