/** Requests by one client in a process of its own, as a function has one: port and client are its arguments. */
import { type ClientName, openSender } from './client-cost.ts';

/** As many as a batch sends side by side. */
const TOGETHER = 16;

const [port = '', client = ''] = process.argv.slice(2);
const { send } = openSender(client as ClientName, Number(port));

/** Answers with the microseconds of processor time that a request took. */
process.on('message', async (groups: number) => {
  const before = process.cpuUsage();
  for (let group = 0; group < groups; group++) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, n) => send(n)));
  }
  const { user, system } = process.cpuUsage(before);
  process.send?.((user + system) / (groups * TOGETHER));
});
