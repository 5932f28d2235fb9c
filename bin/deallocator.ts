#!/usr/bin/env node
/** The command `deallocator`: what it runs is loaded compiled, from the second call on. */
import * as modules from 'node:module';

// Node.js 20 has none.
(modules as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { main } = await import('./cli/main.ts');
await main();
