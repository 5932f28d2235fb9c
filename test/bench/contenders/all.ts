import type { Contender } from '../environment.ts';
import { groupedMarkers, markers } from './markers.ts';
import { ours } from './ours.ts';
import { powertools } from './powertools.ts';

export const CONTENDERS: readonly Contender[] = [ours, powertools, markers, groupedMarkers];
