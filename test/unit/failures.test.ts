/** Each thing that may come from outside instead of an answer, as the SDK and Node.js really throw it. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, it } from 'vitest';
import { askedOfAws, errorWords } from '../../bin/cli/errors.ts';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { FAILURES, failureText } from '../../lib/dynamodb/failures.ts';
import { whereIs } from '../../lib/dynamodb/requests.ts';
import { classify } from '../../lib/dynamodb/retry.ts';
import type { ErrorCode } from '../../lib/protocol/errors.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests } from '../support/sdk-mock.ts';

const before = (name: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { name, ...more });
const answered = (name: string, message: string, status = 400) =>
  before(name, message, { $metadata: { httpStatusCode: status } });
const network = (code: string, message: string, more: object = {}) =>
  before('Error', message, { code, $metadata: { attempts: 1, totalRetryDelay: 0 }, ...more });
const credentials = (message: string) => before('CredentialsProviderError', message, { tryNextLink: false });
const denied = (action: string, more = 'because no identity-based policy allows it') =>
  answered(
    'AccessDeniedException',
    `User: arn:aws:iam::1:user/ann is not authorized to perform: ${action} on resource: arn:aws:dynamodb:eu-west-1:1:table/S ${more}`,
  );
const HTML = `Unexpected token '<', "<html>hi</html>" is not valid JSON\n  Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.`;
const where = { tables: ['S'], region: 'eu-west-1' };
const local = { ...where, endpoint: 'http://127.0.0.1:8000' };

type Example = [failure: string, error: Error, code: ErrorCode, words: RegExp, advice: RegExp, at?: object];
const EXAMPLES: readonly Example[] = [
  [
    'no region',
    before('Error', 'Region is missing'),
    'FailedPrecondition',
    /no Region is known/,
    /AWS_REGION.*profile.*--region.*connection\.region/,
    {},
  ],
  [
    'bad region',
    before('Error', 'Region not accepted: region="us east_1!" is not a valid hostname component.'),
    'InvalidArgument',
    /us east_1!/,
    /eu-central-1/,
  ],
  [
    'bad endpoint',
    before('TypeError', 'Invalid URL', { code: 'ERR_INVALID_URL', input: 'nonsense' }),
    'InvalidArgument',
    /no URL/,
    /AWS_ENDPOINT_URL/,
  ],
  [
    'sign-in over',
    credentials(
      "The SSO session token associated with profile=p was not found or is invalid. To refresh this SSO session run 'aws sso login' with the corresponding profile.",
    ),
    'FailedPrecondition',
    /sign-in is over/,
    /aws sso login/,
  ],
  [
    'sign-in over',
    credentials("Token is expired. To refresh this SSO session run 'aws sso login' with the corresponding profile."),
    'FailedPrecondition',
    /sign-in is over.*Token is expired/,
    /aws sso login/,
  ],
  [
    'no credentials',
    credentials('Could not resolve credentials using profile: [shpo] in configuration/credentials file(s).'),
    'FailedPrecondition',
    /no credentials were found.*\[shpo\]/,
    /AWS_PROFILE/,
  ],
  [
    'sign-in over',
    credentials('Failed to load token from /root/.aws/login/cache/4e.json: Error: ENOENT: no such file or directory'),
    'FailedPrecondition',
    /never begun/,
    /aws login/,
  ],
  [
    'multi-factor',
    credentials('Profile mfa requires multi-factor authentication, but no MFA code callback was provided.'),
    'FailedPrecondition',
    /second factor/,
    /temporary credentials/,
  ],
  [
    'no credentials',
    credentials('Could not load credentials from any providers'),
    'FailedPrecondition',
    /no credentials/,
    /AWS_PROFILE.*AWS_ACCESS_KEY_ID/,
  ],
  [
    'no credentials',
    before('Error', 'Resolved credential object is not valid'),
    'FailedPrecondition',
    /no credentials/,
    /sign in/,
  ],
  [
    'bad AWS settings',
    before('TypeError', "Cannot read properties of undefined (reading 'sso_region')"),
    'FailedPrecondition',
    /settings can't be used/,
    /AWS_CONFIG_FILE/,
  ],
  [
    'bad AWS settings',
    before('Error', 'Cannot load config "use_fips_endpoint". Expected "true" or "false", got maybe.'),
    'FailedPrecondition',
    /maybe/,
    /correct the profile/,
  ],
  [
    'unreadable file of AWS settings',
    before('Error', "ENOENT: no such file or directory, open '/x'", { code: 'ENOENT', syscall: 'open', path: '/x' }),
    'FailedPrecondition',
    /open '\/x'/,
    /WEB_IDENTITY/,
  ],
  [
    'expired token',
    answered('ExpiredTokenException', 'The security token included in the request is expired'),
    'FailedPrecondition',
    /have expired/,
    /sign in again/,
  ],
  [
    'expired token',
    answered('ExpiredToken', 'The security token included in the request is expired', 403),
    'FailedPrecondition',
    /have expired/,
    /sign in again/,
  ],
  [
    'clock skew',
    answered('InvalidSignatureException', 'Signature expired: 20261126T000000Z is now earlier than 20261126T010000Z'),
    'FailedPrecondition',
    /clock/,
    /set the clock/,
  ],
  ['clock skew', answered('RequestTimeTooSkewed', 'too large', 403), 'FailedPrecondition', /clock/, /set the clock/],
  [
    'not signed up',
    answered('OptInRequired', 'not subscribed', 403),
    'FailedPrecondition',
    /in eu-west-1/,
    /turn the Region on/,
  ],
  [
    'invalid token',
    answered('UnrecognizedClientException', 'The security token included in the request is invalid.'),
    'FailedPrecondition',
    /not accepted/,
    /get-caller-identity/,
  ],
  [
    'invalid token',
    answered('InvalidClientTokenId', 'The security token included in the request is invalid', 403),
    'FailedPrecondition',
    /not accepted/,
    /AWS_SESSION_TOKEN/,
  ],
  [
    'invalid token',
    answered('InvalidSignatureException', 'The request signature we calculated does not match'),
    'FailedPrecondition',
    /not accepted/,
    /AWS_PROFILE/,
  ],
  [
    'KMS denied',
    answered('KMSAccessDeniedException', 'The ciphertext refers to a key that you may not use'),
    'FailedPrecondition',
    /may not be used/,
    /kms:Decrypt/,
  ],
  [
    'KMS key unusable',
    answered('KMSDisabledException', 'arn:aws:kms:… is disabled'),
    'FailedPrecondition',
    /KMSDisabled.*disabled/,
    /enable the key/,
  ],
  [
    'KMS key unusable',
    answered('KMSInvalidStateException', 'pending deletion'),
    'FailedPrecondition',
    /pending deletion/,
    /cancel its deletion/,
  ],
  [
    'KMS key unusable',
    answered('InaccessibleEncryptionCredentialsException', 'KMS key is disabled'),
    'FailedPrecondition',
    /can't be used/,
    /enable the key/,
  ],
  [
    'KMS key unusable',
    answered('AccessDeniedException', 'KMS key is disabled: arn:aws:kms:eu-west-1:1:key/abc'),
    'FailedPrecondition',
    /can't be used.*is disabled/,
    /enable the key/,
  ],
  [
    'KMS key unusable',
    answered('ResourceInUseException', 'Table is in state INACCESSIBLE_ENCRYPTION_CREDENTIALS'),
    'FailedPrecondition',
    /INACCESSIBLE/,
    /enable the key/,
  ],
  [
    'KMS denied',
    answered(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    ),
    'FailedPrecondition',
    /may not be used/,
    /is there and enabled.*kms:Decrypt/,
  ],
  [
    'another Region signed',
    answered('InvalidSignatureException', "Credential should be scoped to a valid region, not 'us-east-1'. "),
    'FailedPrecondition',
    /signed for another Region than the endpoint's.*us-east-1/,
    /the endpoint's Region.*--region/,
  ],
  [
    'table being deleted',
    answered('ResourceInUseException', 'Attempt to change a resource which is still in use: Table is being deleted: T'),
    'FailedPrecondition',
    /is being deleted/,
    /another deployment.*backup/,
  ],
  [
    'explicit deny',
    denied('dynamodb:DeleteItem', 'with an explicit deny in a resource-based policy'),
    'FailedPrecondition',
    /user\/ann may not do dynamodb:DeleteItem on arn/,
    /grant does not help/,
  ],
  [
    'access denied',
    denied('dynamodb:Query'),
    'FailedPrecondition',
    /may not do dynamodb:Query on arn:aws:dynamodb:eu-west-1:1:table\/S/,
    /grantRead/,
  ],
  [
    'organization deny',
    denied('dynamodb:DeleteItem', 'with an explicit deny in a service control policy'),
    'FailedPrecondition',
    /explicit deny in a service control policy/,
    /organization.*administrators/,
  ],
  [
    'organization deny',
    denied('dynamodb:Query', 'because no service control policy allows the dynamodb:Query action'),
    'FailedPrecondition',
    /no service control policy allows/,
    /no grant helps/,
  ],
  [
    'boundary deny',
    denied('dynamodb:Query', 'because no permissions boundary allows the dynamodb:Query action'),
    'FailedPrecondition',
    /no permissions boundary allows/,
    /another role/,
  ],
  [
    'boundary deny',
    denied('dynamodb:Query', 'with an explicit deny in a VPC endpoint policy'),
    'FailedPrecondition',
    /VPC endpoint policy/,
    /another role or network/,
  ],
  [
    'table of another account',
    denied('dynamodb:GetItem', 'because no resource-based policy allows the dynamodb:GetItem action'),
    'FailedPrecondition',
    /may not do dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:1:table\/S because no resource-based policy/,
    /belongs to another account.*get-caller-identity/,
  ],
  ['access denied', denied('dynamodb:UpdateItem'), 'FailedPrecondition', /UpdateItem/, /grantWrite/],
  ['access denied', denied('lambda:InvokeFunction'), 'FailedPrecondition', /Invoke/, /grantOperate/],
  [
    'access denied',
    denied('cloudformation:DescribeStacks'),
    'FailedPrecondition',
    /DescribeStacks/,
    /have cloudformation:DescribeStacks granted/,
  ],
  [
    'no function',
    answered('ResourceNotFoundException', 'Function not found: arn:aws:lambda:eu-west-1:1:function:F', 404),
    'FailedPrecondition',
    /sweep function is not there in eu-west-1/,
    /sweepFunctionName/,
  ],
  [
    'no table',
    answered('ResourceNotFoundException', 'Requested resource not found'),
    'FailedPrecondition',
    /the table S is not there in eu-west-1/,
    /Region.*table names/,
  ],
  [
    'no table',
    answered('ResourceNotFoundException', 'Cannot do operations on a non-existent table'),
    'FailedPrecondition',
    /the table S is not there at http:\/\/127/,
    /names/,
    local,
  ],
  [
    'no queue',
    answered('QueueDoesNotExist', 'The specified queue does not exist.'),
    'FailedPrecondition',
    /queue is not there/,
    /deadLetterQueueUrl/,
  ],
  [
    'table not ready',
    answered('ResourceInUseException', 'Table is being created: S'),
    'FailedPrecondition',
    /not ready/,
    /wait/,
  ],
  [
    'another table',
    answered('ValidationException', 'The provided key element does not match the schema'),
    'FailedPrecondition',
    /the table S has other keys/,
    /table name/,
  ],
  [
    'another table',
    answered('ValidationException', 'The table does not have the specified index: byMark'),
    'FailedPrecondition',
    /byMark/,
    /one deployment/,
  ],
  [
    'throttled account',
    answered('RequestLimitExceeded', 'Throughput exceeds the current throughput limit for your account'),
    'Unavailable',
    /account's limit/,
    /Service Quotas/,
  ],
  [
    'throttled account',
    answered('TooManyRequestsException', 'Rate Exceeded.', 429),
    'Unavailable',
    /account's limit/,
    /Quotas/,
  ],
  [
    'limit reached',
    answered('LimitExceededException', 'Subscriber limit exceeded: there is a limit of 500 for table operations'),
    'Unavailable',
    /limit of 500/,
    /Service Quotas/,
  ],
  [
    'throttled',
    answered('ProvisionedThroughputExceededException', 'exceeded'),
    'Unavailable',
    /throttled/,
    /try again later/,
  ],
  [
    'proxy',
    answered('SyntaxError', 'Unexpected token \'P\', "Proxy Auth"... is not valid JSON', 407),
    'FailedPrecondition',
    /proxy.*407/,
    /HTTPS_PROXY/,
  ],
  [
    'no TLS there',
    network(
      'EPROTO',
      'write EPROTO 40:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps\n',
      { syscall: 'write' },
    ),
    'FailedPrecondition',
    /does not speak TLS/,
    /http:\/\//,
  ],
  [
    'TLS',
    network('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate; if the root CA is installed locally'),
    'FailedPrecondition',
    /not trusted/,
    /NODE_EXTRA_CA_CERTS/,
  ],
  ['TLS', network('CERT_HAS_EXPIRED', 'certificate has expired'), 'FailedPrecondition', /CERT_HAS_EXPIRED/, /clock/],
  [
    'TLS',
    network('ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames"),
    'FailedPrecondition',
    /altnames/,
    /endpoint's name/,
  ],
  [
    'unknown host',
    network('ENOTFOUND', 'getaddrinfo ENOTFOUND dynamodb.nowhere-1.amazonaws.com', {
      syscall: 'getaddrinfo',
      hostname: 'dynamodb.nowhere-1.amazonaws.com',
    }),
    'Unavailable',
    /dynamodb\.nowhere-1\.amazonaws\.com is not known/,
    /check the Region/,
  ],
  [
    'refused connection',
    network('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:8000', {
      syscall: 'connect',
      address: '127.0.0.1',
      port: 8000,
    }),
    'Unavailable',
    /nothing listens at http:\/\/127\.0\.0\.1:8000/,
    /local cloud.*still runs/,
    local,
  ],
  [
    'refused connection',
    network('ECONNREFUSED', '', { name: 'AggregateError', errors: [new Error('connect ECONNREFUSED ::1:1')] }),
    'Unavailable',
    /nothing listens at DynamoDB in eu-west-1/,
    /check the network, and try again later/,
  ],
  [
    'unreachable',
    network('EHOSTUNREACH', 'connect EHOSTUNREACH 10.0.0.1:443', {
      syscall: 'connect',
      address: '10.0.0.1',
      port: 443,
    }),
    'Unavailable',
    /no way to 10\.0\.0\.1:443/,
    /VPN/,
  ],
  ['not DynamoDB', answered('SyntaxError', HTML, 200), 'FailedPrecondition', /not the service/, /--endpoint/],
  ['not DynamoDB', answered('Unknown', 'UnknownError', 302), 'FailedPrecondition', /status 302/, /sign-in page/],
  ['not DynamoDB', answered('Unknown', 'Not Found', 404), 'FailedPrecondition', /status 404/, /--endpoint/],
  ['not DynamoDB', answered('UnknownOperationException', ''), 'FailedPrecondition', /not the service/, /--endpoint/],
  [
    'cut off',
    network('ECONNRESET', 'socket hang up', { name: 'TimeoutError' }),
    'Unavailable',
    /cut off/,
    /try again later/,
  ],
  [
    'timeout',
    network('ETIMEDOUT', 'a request has exceeded the configured 500 ms requestTimeout.', { name: 'TimeoutError' }),
    'Unavailable',
    /in time/,
    /try again later/,
  ],
  [
    'server error',
    answered('InternalServerError', 'Internal server error', 500),
    'Unavailable',
    /AWS failed/,
    /try again later/,
  ],
  [
    'value that can not be stored',
    before('Error', 'Special numeric value NaN is not allowed'),
    'InvalidArgument',
    /NaN/,
    /correct the item/,
  ],
];

describe('what comes from outside instead of an answer', () => {
  it('has an example of each row here, and no example without a row', () => {
    expect([...new Set(EXAMPLES.map(([failure]) => failure))].sort()).toEqual([...FAILURES].sort());
  });

  it.each(EXAMPLES)('%s: %s', (failure, error, code, words, advice, at = where) => {
    const text = failureText(error, at);
    expect(text).toMatchObject({
      failure,
      code,
      words: expect.stringMatching(words),
      advice: expect.stringMatching(advice),
    });
    // The command line says it in one line, with the code and no stack.
    const line = errorWords(error, {}, at);
    expect(line).not.toMatch(/\n|\bat .*:\d+:\d+/);
  });

  it.each(EXAMPLES)(
    'from the client, %s never ends in other words: %s',
    async (_failure, error, _code, words, advice) => {
      if (
        ['InternalServerError', 'Error', 'TimeoutError', 'AggregateError'].includes(error.name) &&
        classify(error) !== 'final'
      )
        return;
      const { mock, requests } = mockedRequests();
      mock.on(GetItemCommand).rejects(error);
      const failed = await requests.get({ TableName: 'S', Key: { id: 'web' } }).catch((thrown) => thrown);
      expect(failed.cause).toBe(error);
      expect(failed.message).toMatch(/^GetItem was (not sent|rejected|tried 8 times)/);
      if (words.source.includes('eu-west-1') || words.source.includes('127')) return;
      expect(failed.message).toMatch(words);
      expect(failed.message).toMatch(advice);
    },
  );

  it('is not tried again where it can only come from the settings, or from another server', () => {
    const final = ['unreadable file of AWS settings', 'no TLS there', 'proxy', 'TLS', 'no region'];
    for (const [failure, error] of EXAMPLES)
      if (final.includes(failure)) expect(classify(error), failure).toBe('final');
  });

  it('tells a plain error that the SDK throws before it sends from a fault of the item', async () => {
    const { mock, requests } = mockedRequests();
    mock.on(GetItemCommand).rejects(new Error('never heard of'));
    await expect(requests.get({ TableName: 'S', Key: { id: 'web' } })).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message:
        'GetItem was not sent: Error: never heard of; check the AWS settings of this process: Region, profile, endpoint',
    });
  });
});

describe('an endpoint that is not DynamoDB', () => {
  it.each([
    [200, 'text/html', '<html>sign in</html>'],
    [200, 'application/json', '{}'],
    [200, undefined, ''],
    [302, 'text/html', ''],
    [404, 'application/json', '{"message":"Not Found"}'],
    [403, 'text/html', '<html>Forbidden</html>'],
  ])('that answers %d %s is told at once, and never read as "not there"', async (status, type, body) => {
    let asked = 0;
    const server = createServer((request, response) => {
      asked++;
      request
        .resume()
        .on('end', () => response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const db = connect({ region: 'eu-west-1', endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 's' } });
    const { requests } = openDatabase(db, PHYSICAL_NAMES);
    const found = await requests.get({ TableName: 'S', Key: { id: 'web' } }).catch((error) => error);
    expect(found).toMatchObject({ code: 'FailedPrecondition' });
    expect(found.message).toMatch(
      `what answers at ${endpoint} is not the service of AWS that was asked for (status ${status})`,
    );
    expect(asked).toBe(1);
    db.destroy();
    server.close();
  });
});

describe('where a request went', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };

  it('is its endpoint and Region, as far as they are given', async () => {
    const db = connect({ region: 'eu-west-1', credentials, endpoint: 'http://127.0.0.1:8000' });
    expect(await whereIs(db, ['S', 'S'])).toEqual({ ...local, tables: ['S'] });
    const far = connect({ region: 'eu-west-1', credentials });
    expect(await whereIs(far)).toEqual({ tables: [], region: 'eu-west-1', endpoint: undefined });
  });
});

describe('a profile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deallocator-profile-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'config');
  const none = credentials('Could not load credentials from any providers');
  const environment = (more: object) => ({ HOME: folder, AWS_CONFIG_FILE: config, ...more });

  it('that does not exist is said, with those that there are', () => {
    writeFileSync(
      config,
      '[default]\nregion = eu-west-1\n[profile shop]\nregion=eu-west-1\n[sso-session my]\nsso_region=x\n',
    );
    const words = errorWords(none, environment({ AWS_PROFILE: 'shpo' }));
    expect(words).toContain('There is no profile "shpo" (AWS_PROFILE)');
    expect(words).toContain('there are: default, shop');
    expect(errorWords(none, environment({ AWS_PROFILE: 'shop' }))).not.toContain('There is no profile');
    expect(errorWords(before('Error', 'Region is missing'), environment({ AWS_PROFILE: 'shpo' }))).toContain('"shpo"');
  });

  it('in a file that is none, or has a line that is none, is said', () => {
    writeFileSync(config, '[default]\nregion eu-west-1\n');
    expect(errorWords(none, environment({}))).toContain(`Line 2 of ${config} is neither a [section] nor a setting`);
    const gone = join(folder, 'gone');
    expect(errorWords(none, environment({ AWS_CONFIG_FILE: gone }))).toContain(
      `${gone}, which AWS_CONFIG_FILE names, can't be read`,
    );
  });
});

describe('credentials of which half is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deallocator-profile-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const none = credentials('Could not load credentials from any providers');
  const config = join(folder, 'config');
  const said = (settings: string, more: object) => {
    writeFileSync(config, settings);
    return errorWords(none, { HOME: folder, AWS_CONFIG_FILE: config, ...more });
  };
  const half = '[profile half]\naws_access_key_id = AKIA\n';

  it.each([
    ['', { AWS_ACCESS_KEY_ID: 'AKIA' }, 'AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not'],
    ['', { AWS_SECRET_ACCESS_KEY: 's' }, 'AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not'],
    [
      half,
      { AWS_PROFILE: 'half' },
      `The profile "half" in ${config} has aws_access_key_id, and no aws_secret_access_key`,
    ],
    [half.replace('profile half', 'default'), {}, `The profile "default" in ${config} has aws_access_key_id, and no`],
    [
      '[profile chain]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = nobody\n',
      { AWS_PROFILE: 'chain' },
      `The profile "chain" has source_profile "nobody", and there is no such profile`,
    ],
    [
      '[profile made]\ncredential_process = /opt/make-them\n',
      { AWS_PROFILE: 'made' },
      'The profile "made" takes them from its credential_process: see by hand whether it prints any',
    ],
  ])('in %j with %j are told', (settings, environment, words) => {
    expect(said(settings, environment)).toContain(words);
  });

  it('are not told of where they are whole, or are another profile’s', () => {
    const whole = `${half}aws_secret_access_key = s\n`;
    expect(said(whole, { AWS_PROFILE: 'half', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' })).not.toMatch(
      /half|is not/,
    );
    expect(said(`${half}[profile other]\nregion = x\n`, { AWS_PROFILE: 'other' })).not.toContain('half');
  });
});

it('a file that the AWS settings name is told of as theirs, whoever asked', async () => {
  const token = before('Error', "ENOENT: no such file or directory, open '/nowhere/token'", {
    code: 'ENOENT',
    syscall: 'open',
    path: '/nowhere/token',
  });
  const words = errorWords(askedOfAws(token));
  expect(words).toContain('a file that the AWS settings name');
  expect(words).toContain('AWS_WEB_IDENTITY_TOKEN_FILE');
});

describe('a fault of our own', () => {
  it('is one line, and says where it was only if asked to', () => {
    const fault = new TypeError('x is not a function');
    expect(errorWords(fault)).toBe(
      'TypeError: x is not a function; nothing is known of this fault: report it, with what DEALLOCATOR_TRACE=1 in the environment prints',
    );
    expect(errorWords(fault, { DEALLOCATOR_TRACE: '1' })).toMatch(/\n +at .*failures\.test\.ts/);
  });
});
