/** The package's main entry. */
export type { Connection, DynamoDBClientGiven } from '../dynamodb/client.ts';
export type { DocumentAction, PlainAction } from '../dynamodb/parts.ts';
export type { PhysicalNames, SwarmkitNames, TableName } from '../dynamodb/schema.ts';
export type {
  Dependency,
  DependencyByKey,
  DependencyByValue,
  IdOf,
  Kind,
  KindOf,
  Lifecycle,
  OnDelete,
  OurAttribute,
  Path,
  Template,
} from '../lifecycle/declaration.ts';
export { type DefinedLifecycle, defineLifecycle } from '../lifecycle/define.ts';
export type { Count, Held, KindPlan, Under } from '../lifecycle/kind-plan.ts';
export { type Learning, type Plan, planOf, type WholePlan } from '../lifecycle/plan.ts';
export { isLifecycleError, LifecycleError, type Refusal, type RefusalCode } from '../lifecycle/refusals.ts';
export { SWARMKIT, SWARMKIT_ALL, type SwarmkitOptions, swarmkit } from '../lifecycle/swarmkit.ts';
export type { Chance } from '../protocol/chance.ts';
export { DeallocatorError, type ErrorCode, isDeallocatorError } from '../protocol/errors.ts';
export { DeallocatorClient, type DeallocatorClientConstructor, type DeallocatorMethods } from './client.ts';
export type {
  GuardedKindOf,
  ItemOf,
  KeyOf,
  KindAndId,
  LeafKindOf,
  ListUnderOptions,
  NewItems,
  Swarmkit,
} from './kind-types.ts';
export type { LifecycleClient } from './lifecycle-client.ts';
export type { DeallocatorClientOptions, EnvironmentOptions } from './options.ts';
export type { HoldOptions, PartForm, PartOptions, TransactionPart } from './parts.ts';
export type { SwarmkitClient } from './swarmkit-client.ts';
export type { FoundObjects, NewObjects, ObjectKeys } from './together.ts';
export type * from './types.ts';
