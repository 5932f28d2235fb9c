/** What a command speaks to, in one line: each plan and report has it, so that nobody takes one deployment for another. */
import type { Where } from '../../lib/dynamodb/failure-row.ts';

/** A field that is not known is absent. */
export interface Target {
  readonly stack?: string;
  /** The configuration file that was named. */
  readonly config?: string;
  /** Absent: AWS's own. */
  readonly endpoint?: string;
  readonly region?: string;
  readonly account?: string;
}

export function targetOf(of: Pick<Target, 'stack' | 'config'>, where: Where, account: string | undefined): Target {
  const { endpoint, region } = where;
  return { ...of, ...(endpoint && { endpoint }), ...(region && { region }), ...(account && { account }) };
}

/** `stack Shop, eu-west-1, account 123456789012`, or `local cloud at http://127.0.0.1:4000`. */
export function targetLine({ stack, config, endpoint, region, account }: Target): string {
  const isHere = endpoint !== undefined && isLocal(endpoint);
  const what = stack === undefined ? (isHere ? 'local cloud' : 'tables') : `stack ${stack}`;
  return [
    endpoint === undefined ? what : `${what} at ${endpoint}`,
    ...(config === undefined ? [] : [`by ${config}`]),
    ...(isHere ? [] : [region ?? 'no Region', ...(account === undefined ? [] : [`account ${account}`])]),
  ].join(', ');
}

/** On this machine. */
export function isLocal(endpoint: string): boolean {
  return /\/\/(127\.|localhost\b|\[::1\])/.test(endpoint);
}

/** The dead-letter queue's URL has the account in it: so nobody need be asked. */
export function accountOfQueue(url: string | undefined): string | undefined {
  return /^https:\/\/sqs\.[^/]*amazonaws\.com[^/]*\/(\d{12})\//.exec(url ?? '')?.[1];
}
