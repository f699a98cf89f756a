import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { contractServer } from './sdk-tools.ts';

/** The contract's server as a child process, both eras. */
process.stderr.write('contract server starts\n');
serveStdio(() => contractServer(null), process.argv.includes('--modern-only') ? { legacy: 'reject' } : {});
