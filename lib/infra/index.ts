export type { TableName } from '../dynamodb/schema.ts';
export type { MetricName } from '../streams/metrics.ts';
export type { AlarmThresholds } from './alarms.ts';
export { Deallocator } from './deallocator.ts';
export type { FunctionName } from './functions.ts';
export type { DeallocatorProps, MappingOptions } from './props.ts';
export { DeallocatorStack, type DeallocatorStackProps } from './stack.ts';
