/** Who may ask the page's server for what. It shows what the user may read, and any page in any browser tab can send it requests. */
import type { IncomingHttpHeaders } from 'node:http';

/** Names of this machine, with any port: a tunnel has one of its own. Behind any other name there may be another site. */
const HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/;

/**
 * A site can give its own name this machine's address (DNS rebinding): then `Host` has that name. Without that, a page of
 * another origin may send requests and not read the answers; they are refused too, since each costs reads. Only a link may lead
 * here from anywhere, to a page of its own.
 */
export function refusalOf(method: string | undefined, headers: IncomingHttpHeaders) {
  const { host = '', origin } = headers;
  if (!HOST.test(host)) return { status: 421, words: `not served for the host "${host}"; use 127.0.0.1 or localhost` };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, words: `${method} is not allowed: this only shows` };
  const site = headers['sec-fetch-site'] ?? 'none';
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  const isOwn = site === 'same-origin' || site === 'none' || isLink;
  if (isOwn && (origin === undefined || origin === `http://${host}`)) return undefined;
  return { status: 403, words: 'not served to pages of another origin' };
}

/** Nothing is loaded but from here, no form is sent, no other page frames this one or reads it, and nothing is kept. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};
