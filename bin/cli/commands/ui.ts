import { once } from 'node:events';
import { refuseWrites } from '../../../lib/dynamodb/read-only.ts';
import { serveUi } from '../../ui/server.ts';
import { readNumber, refuseMore } from '../arguments.ts';
import { type Command, DONE } from '../command.ts';
import { errorWords } from '../errors.ts';
import { targetLine } from '../target.ts';

const PORT_MAX = 65_535;

export const ui: Command = {
  name: 'ui',
  group: 'Look',
  takes: '',
  says: 'shows all of this on a page in a browser, as it happens, until Ctrl-C; the page changes nothing',
  options: {
    port: { value: 'N', says: 'the port on 127.0.0.1 (default: 8410, or any free one where that is taken)' },
  },
  examples: [['deallocator ui', 'then open the address that it prints']],
  async run(session, given) {
    refuseMore(given, 0);
    const { io, isJson, print, printJson } = session;
    const port = readNumber(given, 'port', PORT_MAX);
    const { cluster, db, target, where } = await session.open();
    refuseWrites(db);
    const { chance, environment, signal } = io;
    const faultWords = (error: unknown) => errorWords(error, environment, where);
    const page = await serveUi({ cluster, target: targetLine(target), port, chance, faultWords });
    if (isJson) printJson({ target, url: page.url });
    else print(`${page.url} shows ${targetLine(target)}, to this machine alone. Ctrl-C ends it.`);
    // That is how it ends, not a failure.
    if (!signal.aborted) await once(signal, 'abort');
    page.close();
    return DONE;
  },
};
