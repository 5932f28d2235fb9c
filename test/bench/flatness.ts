/** Whether a task's share of the cost stays the same, however many there are: services of 100 tasks, removed one after another. */
import { ours } from './contenders/ours.ts';
import { type Measured, measure } from './measure.ts';

const TASKS_PER_SERVICE = 100;
/** A batch holds whole services then, as it does whenever services are removed one by one. */
const BATCH_RECORDS = 1000;

export async function measureFlatness(tasks: number): Promise<Measured> {
  const services = tasks / TASKS_PER_SERVICE;
  return await measure(
    ours,
    {
      name: `flat-${tasks}`,
      title: `${tasks} tasks`,
      services,
      tasksPerService: TASKS_PER_SERVICE,
      draining: services,
      order: 'by service',
      duplicates: 0,
      sharesNetwork: false,
    },
    { batchRecords: BATCH_RECORDS },
  );
}
