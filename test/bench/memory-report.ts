/** Loaded before a program: at its end, it writes the most memory that it has held, in kilobytes, to the file of MEMORY_REPORT. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { MEMORY_REPORT } = process.env;
  if (MEMORY_REPORT) writeFileSync(MEMORY_REPORT, String(process.resourceUsage().maxRSS));
});
