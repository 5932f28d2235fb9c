/** One contender on one workload: what its task deletes have used, from the first delete until all is gone. */

import type { Contender } from './environment.ts';
import { dollarsOf } from './prices.ts';
import { Stage, type StageOptions } from './stage.ts';
import type { Usage } from './usage.ts';
import { deleteTasks, prepare, type Workload } from './workloads.ts';

export interface Measured {
  readonly contender: string;
  readonly workload: Workload;
  readonly taskDeletes: number;
  /** What marking has used: our code in each contender. */
  readonly marks: Usage;
  readonly deletes: Usage;
  readonly dollarsPerMillionDeletes: number;
}

/** Throws when the contender has left something behind that should be gone, or the other way round. */
export async function measure(contender: Contender, workload: Workload, options: StageOptions = {}): Promise<Measured> {
  const stage = new Stage(contender, options);
  await prepare(stage, workload);
  const marks = stage.takeUsage();
  await deleteTasks(stage, workload);
  const deletes = stage.takeUsage();
  const left = stage.tables.rows('services').size;
  const networks = stage.tables.rows('networks').size;
  if (left !== workload.services - workload.draining || networks > 0) {
    throw new Error(`${contender.name}, ${workload.name}: ${left} services and ${networks} networks are left`);
  }
  const taskDeletes = workload.services * workload.tasksPerService;
  return {
    contender: contender.name,
    workload,
    taskDeletes,
    marks,
    deletes,
    dollarsPerMillionDeletes: (dollarsOf(deletes) / taskDeletes) * 1e6,
  };
}
