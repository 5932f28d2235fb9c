export type { PhysicalNames, TableName } from '../dynamodb/schema.ts';
export type { FunctionName } from '../streams/functions.ts';
export type { MetricName } from '../streams/metrics.ts';
export type { AlarmThresholds } from './alarms.ts';
export { Deallocator } from './deallocator.ts';
export type { MappingOptions } from './mappings.ts';
export type { DeallocatorProps } from './props.ts';
export { DeallocatorStack, type DeallocatorStackProps } from './stack.ts';
export type { Access, ConnectedProgram } from './wiring.ts';
