/** One batch, and how much memory the process has held at most: port, records and parents are its arguments. */
import { openHandler, removals } from './handler-cost.ts';

const [port = 0, records = 0, parents = 0] = process.argv.slice(2).map(Number);
const { handle, close } = openHandler(port);
await handle(JSON.stringify(removals(records, parents)));
close();
process.send?.(process.resourceUsage().maxRSS, () => process.disconnect());
