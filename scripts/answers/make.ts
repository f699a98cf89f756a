import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { answerSchemas } from './schemas.ts';

/** `npm run api:answers`: writes the schemas of what the administrative API answers, made from the types. A test says when they are old. */
const root = resolve(import.meta.dirname, '../..');
const file = `${root}/src/surfaces/admin/contract/answers.json`;
writeFileSync(file, `${JSON.stringify(answerSchemas(root), null, 1)}\n`);
