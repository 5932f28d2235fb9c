/** The package's main entry. */
export type { Connection, DynamoDBClientGiven } from '../dynamodb/client.ts';
export type { PhysicalNames, TableName } from '../dynamodb/schema.ts';
export type { Chance } from '../protocol/chance.ts';
export { DeallocatorError, type ErrorCode, isDeallocatorError } from '../protocol/errors.ts';
export { DeallocatorClient, type DeallocatorMethods } from './client.ts';
export type { DeallocatorClientOptions, EnvironmentOptions } from './options.ts';
export type { FoundObjects, NewObjects, ObjectKeys } from './together.ts';
export type * from './types.ts';
