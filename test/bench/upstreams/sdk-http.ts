/** The demo company's server, built with the official SDK: what a real upstream costs. */
import { startDemoCompany } from '../../../examples/demo-company/server.ts';

const company = await startDemoCompany({ port: 0, dbPath: ':memory:' });
process.stdout.write(`${company.urls.erp}\n`);
process.once('SIGTERM', () => process.exit(0));
