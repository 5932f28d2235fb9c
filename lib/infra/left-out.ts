/**
 * Stands in the functions' bundles for parts of the SDK that no request of theirs comes to:
 *
 * - streams of events, and how they are signed: DynamoDB has none;
 * - the cache of discovered endpoints, which no command of its client asks for;
 * - retries, the agent's name, the logger and the trace, which lib/dynamodb/client.ts takes out of the client that it makes;
 * - the files of AWS's settings, and the server that tells a machine its Region: Lambda tells all of it in the environment;
 * - hashes in JavaScript, for a Node.js without OpenSSL.
 */
const none = () => ({ applyToStack() {} });

export class EndpointCache {}
export class HeaderFormatter {}

export const getRetryPlugin = none;
export const resolveRetryConfig = <T>(config: T): T => config;
export const Retry = { v2026: false };
export const RETRY_MODES = { STANDARD: 'standard', ADAPTIVE: 'adaptive' };
export const DEFAULT_RETRY_MODE = RETRY_MODES.STANDARD;
export const DEFAULT_MAX_ATTEMPTS = 1;
export const NODE_MAX_ATTEMPT_CONFIG_OPTIONS = {};
export const NODE_RETRY_MODE_CONFIG_OPTIONS = {};

export const getLoggerPlugin = none;
export const getRecursionDetectionPlugin = none;
export const getUserAgentPlugin = none;
export const createDefaultUserAgentProvider = none;
// What else the SDK's index hands on of these files; nothing asks for it.
export const loggerMiddleware = none;
export const loggerMiddlewareOptions = none;
export const userAgentMiddleware = none;
export const getUserAgentMiddlewareOptions = none;
export const defaultUserAgent = none;
export const crtAvailability = none;
/** The SDK's version, which is for the agent's name. */
export default {};

export const CONFIG_PREFIX_SEPARATOR = '.';
export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });
export const getInstanceMetadataRegion = async () => undefined;

export class Sha256Js {
  constructor() {
    throw new Error('this Node.js has no node:crypto, by which requests are signed; deploy on a runtime that has it');
  }
}
