#!/usr/bin/env node
/** The command `deallocator`: what it runs is loaded compiled, from the second call on. */
import * as modules from 'node:module';

// Node.js 20 has none.
(modules as { enableCompileCache?: () => unknown }).enableCompileCache?.();
// On Node.js 20 the SDK prints below each report that its later versions need a newer one; this one is in the bundle, and works.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const { main } = await import('./cli/main.ts');
await main();
