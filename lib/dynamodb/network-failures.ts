/** What happens on the way: the network, TLS, proxies, and whatever else answers in the place of AWS. */
import { LATER, type Row, type Seen, thereOf } from './failure-row.ts';

const TLS =
  /^(EPROTO|ERR_(TLS|SSL)_\w+|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/;
/** DynamoDB answers with JSON, 200, 400, or 5xx. Whatever else answers is another. */
const NOT_ITS_STATUS = (status: number | undefined) =>
  status !== undefined && ((status > 200 && status < 400) || status > 400);

/** The first one that fits is meant. */
export const NETWORK_FAILURES: readonly Row[] = [
  // The way there.
  {
    failure: 'proxy',
    is: ({ status, message }) => status === 407 || /proxy/i.test(message),
    code: 'FailedPrecondition',
    words: ({ status, message }) => `a proxy on the way answered${status ? ` ${status}` : ''} (${message})`,
    advice: 'sign in to the proxy, or let the endpoint through it (HTTPS_PROXY, NO_PROXY)',
  },
  {
    failure: 'no TLS there',
    is: ({ code, message }) =>
      TLS.test(code) && /wrong version number|packet length too long|http request/i.test(message),
    code: 'FailedPrecondition',
    words: (seen) => `${thereOf(seen)} does not speak TLS`,
    advice: 'write the endpoint with http:// instead of https://',
  },
  {
    failure: 'TLS',
    is: ({ code }) => TLS.test(code),
    code: 'FailedPrecondition',
    words: (seen) =>
      `the certificate of ${thereOf(seen)} is not trusted, or TLS failed (${seen.code}: ${seen.message})`,
    advice:
      "check the endpoint's name and this machine's clock; where a proxy of your own signs, name its certificate in NODE_EXTRA_CA_CERTS",
  },
  {
    failure: 'unknown host',
    is: ({ code }) => /^(ENOTFOUND|EAI_\w+)$/.test(code),
    code: 'Unavailable',
    words: (seen) => `the name ${thereOf(seen)} is not known here (${seen.code})`,
    advice: ({ endpoint }) =>
      `check ${endpoint === undefined ? 'the Region' : 'the endpoint'}, the network, and a VPN where one is needed`,
  },
  {
    failure: 'refused connection',
    is: ({ code, message }) => code === 'ECONNREFUSED' || /ECONNREFUSED/.test(message),
    code: 'Unavailable',
    words: (seen) => `nothing listens at ${thereOf(seen)} (ECONNREFUSED)`,
    advice: unansweredAdvice,
  },
  {
    failure: 'unreachable',
    is: ({ code }) => /^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EHOSTDOWN)$/.test(code),
    code: 'Unavailable',
    words: (seen) => `there is no way to ${thereOf(seen)} (${seen.code})`,
    advice: 'check the network, and a VPN or a route where one is needed',
  },
  {
    failure: 'not DynamoDB',
    is: ({ name, status, message }) =>
      (name === 'SyntaxError' && NOT_ITS_STATUS(status) && (status ?? 0) < 500) ||
      (/^(Unknown|UnknownError)$/.test(name) && NOT_ITS_STATUS(status) && (status ?? 0) < 500) ||
      /UnknownOperation|InvalidAction|NotDynamoDB/.test(name) ||
      (/not valid JSON/.test(message) && (status ?? 0) < 500),
    code: 'FailedPrecondition',
    words: (seen) =>
      `what answers at ${thereOf(seen)} is not the service of AWS that was asked for (status ${seen.status ?? 'unknown'})`,
    advice:
      'check --endpoint, AWS_ENDPOINT_URL or connection.endpoint, and whether a proxy or a sign-in page of the network answers',
  },
  {
    failure: 'cut off',
    is: ({ code, message }) => /^(ECONNRESET|EPIPE|ECONNABORTED)$/.test(code) || /socket hang up/.test(message),
    code: 'Unavailable',
    words: (seen) => `the connection to ${thereOf(seen)} was cut off (${seen.code || seen.message})`,
    advice: unansweredAdvice,
  },
  {
    failure: 'timeout',
    is: ({ name, code }) => /Timeout/.test(name) || code === 'ETIMEDOUT',
    code: 'Unavailable',
    words: (seen) => `${thereOf(seen)} did not answer in time`,
    advice: unansweredAdvice,
  },
  {
    failure: 'server error',
    is: ({ name, status }) => /InternalServer|InternalFailure|ServiceUnavailable/.test(name) || (status ?? 0) >= 500,
    code: 'Unavailable',
    words: ({ name, message, status }) => `AWS failed (${name}${status ? ` ${status}` : ''}: ${message})`,
    advice: LATER,
  },
];

function unansweredAdvice(seen: Seen): string {
  const isHere = /\/\/(localhost|127\.|\[::1\])|^(127\.|::1|localhost)/.test(seen.endpoint ?? seen.host ?? '');
  if (isHere)
    return 'check --endpoint, and whether the local cloud still runs; "npx deallocator local" (in a clone "npm run local") starts one';
  return `check the network${seen.endpoint === undefined ? '' : ' and the endpoint'}, and ${LATER}`;
}
