/** What the AWS settings, the credentials and the account may say instead of an answer. */
import type { Row, Seen } from './failure-row.ts';

const REGION_WAYS =
  'set AWS_REGION, choose a profile that has one (AWS_PROFILE), or give it: --region on the command line, connection.region in a program';
const SIGN_IN_WAYS =
  'sign in as for any AWS tool: a profile (AWS_PROFILE), "aws sso login", or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
const EXPIRED = /ExpiredToken|TokenRefreshRequired/;
const SKEWED = /TooSkewed|RequestExpired|RequestInTheFuture/;
const BAD_SIGNATURE =
  /UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|AuthFailure/;
const CREDENTIALS = /CredentialsProviderError|TokenProviderError/;
const KMS_NAMES = /^KMS|KmsException|Kms\w*(Denied|Disabled|NotFound|InvalidState)|KMS\.|InaccessibleEncryption/i;
const KMS_WORDS = /KMS key|customer master key|INACCESSIBLE_ENCRYPTION/i;
const FILE_CODES = /^E(NOENT|ACCES|ISDIR|PERM|NOTDIR)$/;

/** The first one that fits is meant. */
export const ACCOUNT_FAILURES: readonly Row[] = [
  // Before anything is sent.
  {
    failure: 'no region',
    is: ({ message }) => /Region is missing/.test(message),
    code: 'FailedPrecondition',
    words: 'no Region is known',
    advice: REGION_WAYS,
  },
  {
    failure: 'bad region',
    is: ({ message }) => /Region not accepted|is not a valid hostname component/.test(message),
    code: 'InvalidArgument',
    words: ({ message }) => `the Region can't be right: ${message}`,
    advice: 'name one such as eu-central-1, with --region, AWS_REGION or connection.region',
  },
  {
    failure: 'bad endpoint',
    is: ({ code, message }) => code === 'ERR_INVALID_URL' || message === 'Invalid URL',
    code: 'InvalidArgument',
    words: 'the endpoint is no URL',
    advice:
      'correct AWS_ENDPOINT_URL, endpoint_url of the profile, --endpoint or connection.endpoint: a URL such as http://127.0.0.1:8000',
  },
  {
    failure: 'sign-in over',
    is: ({ name, message }) =>
      CREDENTIALS.test(name) && /SSO|sso login|login.cache|Token is expired|reauthenticate/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message }) => `the profile's sign-in is over, or was never begun (${message})`,
    advice: 'sign in again: "aws sso login", or "aws login", with the same profile',
  },
  {
    failure: 'multi-factor',
    is: ({ name, message }) => CREDENTIALS.test(name) && /multi-factor|MFA/i.test(message),
    code: 'FailedPrecondition',
    words: 'the profile wants a code of a second factor, which is not asked for here',
    advice:
      'fetch temporary credentials first ("aws configure export-credentials --format env" prints them), or choose another profile',
  },
  {
    failure: 'no credentials',
    is: ({ name, message }) =>
      CREDENTIALS.test(name) ||
      /Could not load credentials|Credential is missing|credential object is not valid/.test(message),
    code: 'FailedPrecondition',
    words: ({ message }) => `no credentials were found (${message})`,
    advice: SIGN_IN_WAYS,
  },
  {
    failure: 'bad AWS settings',
    is: ({ message, stack, status }) =>
      status === undefined &&
      (/Cannot load .*(config|env)|Expected "true" or "false"|Invalid .*(retry|defaults)\s?_?mode|sso_/i.test(
        message,
      ) ||
        /credential-provider|token-providers|shared-ini|node-config-provider/.test(stack)),
    code: 'FailedPrecondition',
    words: ({ message }) => `the AWS settings can't be used (${message})`,
    advice:
      'correct the profile in ~/.aws/config and ~/.aws/credentials (AWS_PROFILE, AWS_CONFIG_FILE) and the variables AWS_…',
  },
  {
    failure: 'unreadable file of AWS settings',
    is: ({ code, status }) => FILE_CODES.test(code) && status === undefined,
    code: 'FailedPrecondition',
    words: ({ message }) => `a file that the AWS settings name can't be read (${message})`,
    advice: 'correct the profile or the variable that names it, such as AWS_WEB_IDENTITY_TOKEN_FILE',
  },
  // Who asks, and what they may.
  {
    failure: 'expired token',
    is: ({ name, message }) => EXPIRED.test(name) || /security token .*expired/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message }) => `the credentials have expired (${message})`,
    advice: 'sign in again, as with "aws sso login"; where AWS_SESSION_TOKEN is set, set new ones or unset it',
  },
  {
    failure: 'clock skew',
    is: ({ name, message }) => SKEWED.test(name) || /Signature (expired|not yet current)/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message }) => `this machine's clock and AWS's differ too much (${message})`,
    advice: 'set the clock, as by NTP, and try again',
  },
  {
    failure: 'not signed up',
    is: ({ name }) => /OptInRequired|SubscriptionRequired|AccountSuspended|NotSignedUp/i.test(name),
    code: 'FailedPrecondition',
    words: ({ message, region }) =>
      `the account may not use the service${region ? ` in ${region}` : ' there'} (${message})`,
    advice: 'turn the Region on in the account, or name the Region that was meant',
  },
  {
    failure: 'another Region signed',
    is: ({ message }) => /scoped to a valid region/i.test(message),
    code: 'FailedPrecondition',
    words: ({ message }) => `the request was signed for another Region than the endpoint's (${message.trim()})`,
    advice: "give the endpoint's Region: --region, AWS_REGION or connection.region; or leave the endpoint out",
  },
  {
    failure: 'invalid token',
    is: ({ name }) => BAD_SIGNATURE.test(name),
    code: 'FailedPrecondition',
    words: ({ message }) => `the credentials are not accepted (${message})`,
    advice:
      'check whose they are and for which partition and Region ("aws sts get-caller-identity"): AWS_PROFILE, AWS_ACCESS_KEY_ID, and a left-over AWS_SESSION_TOKEN',
  },
  {
    failure: 'KMS denied',
    is: (seen) =>
      isOfKey(seen) &&
      !/disabled|pending deletion/i.test(seen.message) &&
      (/AccessDenied/i.test(seen.name) || /denied|not authorized/i.test(seen.message)),
    code: 'FailedPrecondition',
    words: ({ message }) => `the encryption key may not be used (${message})`,
    advice:
      'see that it is there and enabled, and allow kms:Decrypt on it, in the key policy and in the policy of whoever asks',
  },
  {
    failure: 'KMS key unusable',
    is: isOfKey,
    code: 'FailedPrecondition',
    words: ({ name, message }) => `the encryption key can't be used (${name}: ${message})`,
    advice: 'enable the key in KMS, or cancel its deletion; nothing can be read without it',
  },
  {
    failure: 'organization deny',
    is: (seen) => isDenied(seen) && /(service|resource) control policy/i.test(seen.message),
    code: 'FailedPrecondition',
    words: deniedWords,
    advice:
      "no grant helps, and no break-glass: a policy of the organization says no; ask its administrators, or use a Region and an account where it doesn't hold",
  },
  {
    failure: 'boundary deny',
    is: (seen) => isDenied(seen) && /(permissions boundary|session policy|VPC endpoint policy)/i.test(seen.message),
    code: 'FailedPrecondition',
    words: deniedWords,
    advice: 'no grant helps: have the policy widened that the message names, or come by another role or network',
  },
  {
    failure: 'table of another account',
    is: (seen) => isDenied(seen) && /no resource-based policy allows/i.test(seen.message),
    code: 'FailedPrecondition',
    words: deniedWords,
    advice:
      'it belongs to another account: use credentials of that account ("aws sts get-caller-identity" tells whose these are), or have its own policy allow this one',
  },
  {
    failure: 'explicit deny',
    is: (seen) => isDenied(seen) && /explicit deny/i.test(seen.message),
    code: 'FailedPrecondition',
    words: deniedWords,
    advice:
      'a grant does not help: a policy says no. For deletes that is intended, see docs/break-glass.md; for others, have that policy changed',
  },
  {
    failure: 'access denied',
    is: isDenied,
    code: 'FailedPrecondition',
    words: deniedWords,
    advice: grantAdvice,
  },
];

function isOfKey({ name, message }: Seen): boolean {
  return (KMS_NAMES.test(name) && !/Throttling/i.test(name)) || KMS_WORDS.test(message);
}

function isDenied({ name, message }: Seen): boolean {
  return /AccessDenied|UnauthorizedOperation|NotAuthorized/.test(name) || /is not authorized to perform/.test(message);
}

/** IAM's own sentence names who, the action, the resource and the kind of policy. */
const DENIAL =
  /^(?:User: )?(\S+) is not authorized to perform: (\S+?)(?: on resource: "?([^"\s]+)"?)?(?: ((?:because|with) .+?))?\.?$/;

function deniedWords({ message }: Seen): string {
  const [, who, action, resource, because] = DENIAL.exec(message) ?? [];
  if (who === undefined) return `access is denied (${message})`;
  return `${who} may not do ${action}${resource ? ` on ${resource}` : ''}${because ? ` ${because}` : ''}`;
}

const READS = /^dynamodb:(GetItem|Query|Scan|BatchGetItem|DescribeTable)$/;
const WRITES = /^dynamodb:(PutItem|UpdateItem|BatchWriteItem|TransactWriteItems|ConditionCheckItem)$/;
const OPERATES = /^(lambda:InvokeFunction|sqs:\w+|dynamodb:(GetShardIterator|GetRecords|DescribeStream))$/;

/** The construct's grant that gives the action. */
function grantAdvice({ message }: Seen): string {
  const [, , action = ''] = DENIAL.exec(message) ?? [];
  const grant = READS.test(action)
    ? 'grantRead'
    : WRITES.test(action)
      ? 'grantWrite'
      : OPERATES.test(action)
        ? 'grantOperate'
        : '';
  if (grant !== '') return `have it granted: the construct's ${grant}(…), or a policy with ${action} on it`;
  return action === '' ? 'have the action granted' : `have ${action} granted in a policy`;
}
