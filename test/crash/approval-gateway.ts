/**
 * A gateway made to be killed. Says where it is reached, once its doors are open, and stops when it is told to.
 * Run: node approval-gateway.ts <configuration>
 */
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { startGateway } from '../../src/main.ts';

const gateway = await startGateway({ configPath: process.argv[2] as string, env: { ...process.env }, watch: false });
// Whoever is killed keeps no cache for the next start.
flushCompileCache();
writeSync(1, `${JSON.stringify({ url: gateway.url, socket: gateway.adminSocket })}\n`);
process.on('SIGTERM', () => void gateway.close().then(() => process.exit(0)));
