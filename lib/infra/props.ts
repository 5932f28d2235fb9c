import type { VpcProps } from './access.ts';
import type { AlarmProps } from './alarms.ts';
import type { DashboardProps } from './dashboard.ts';
import type { EventProps } from './events.ts';
import type { FunctionProps } from './functions.ts';
import type { PolicyProps } from './grants.ts';
import type { KeyProps } from './keys.ts';
import type { KindProps } from './kinds.ts';
import type { MappingProps } from './mappings.ts';
import type { MetricProps } from './metrics.ts';
import type { NameProps } from './names.ts';
import type { OutputProps } from './outputs.ts';
import type { RuleProps } from './rules.ts';
import type { TableProps } from './tables.ts';
import type { SweepProps } from './triggers.ts';

/** All props are optional. Each is declared, with its unit, range and default, in the module that reads it. */
export interface DeallocatorProps
  extends KindProps,
    TableProps,
    RuleProps,
    NameProps,
    FunctionProps,
    VpcProps,
    MappingProps,
    SweepProps,
    EventProps,
    KeyProps,
    PolicyProps,
    MetricProps,
    AlarmProps,
    OutputProps,
    DashboardProps {}
