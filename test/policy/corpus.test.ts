import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCorpus } from '../../scripts/corpus-cedar.ts';

const SCHEMA = `entity User { age: Long }; entity Doc;
action all; action view in [all] appliesTo { principal: User, resource: Doc, context: { n: Long } };`;

const POLICIES = `permit(principal, action in Action::"all", resource) when { principal.age > 18 };
@id("broken") forbid(principal, action, resource) when { context.n + 9223372036854775807 == 0 };`;

interface SampleCase {
  readonly policies?: string;
  readonly decision?: string;
  readonly reason?: readonly string[];
  readonly errors?: readonly string[];
  readonly shouldValidate?: boolean;
  readonly age?: string;
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'corpus-sample-'));
  mkdirSync(join(folder, 'corpus-tests'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes one case. `age` is JSON text, so that it can be an integer no JavaScript number holds. */
function sample(name: string, given: SampleCase): void {
  const path = (suffix: string): string => `corpus-tests/${name}.${suffix}`;
  const write = (suffix: string, text: string): void => writeFileSync(join(folder, path(suffix)), text);
  write('cedar', given.policies ?? POLICIES);
  write('cedarschema', SCHEMA);
  write(
    'entities.json',
    `[{"uid":{"type":"User","id":"u"},"attrs":{"age":${given.age ?? '20'}},"parents":[]},{"uid":{"type":"Doc","id":"d"},"attrs":{},"parents":[]}]`,
  );
  const request = {
    description: 'the request',
    principal: { type: 'User', id: 'u' },
    action: { type: 'Action', id: 'view' },
    resource: { type: 'Doc', id: 'd' },
    context: { n: 1 },
    decision: given.decision ?? 'allow',
    reason: given.reason ?? ['policy0'],
    errors: given.errors ?? ['policy1'],
  };
  const files = { policies: path('cedar'), entities: path('entities.json'), schema: path('cedarschema') };
  write('json', JSON.stringify({ ...files, shouldValidate: given.shouldValidate ?? true, requests: [request] }));
}

describe('the corpus runner', () => {
  it('passes a case whose decision, reasons, errors and validation agree, by position or by @id', () => {
    sample('by-position', {});
    sample('by-id', { reason: ['policy0'], errors: ['broken'] });
    sample('huge', { age: '9223372036854775807' });
    expect(runCorpus(folder)).toMatchObject({ passed: 3, failed: 0, skipped: 0 });
  });

  it('fails a case when the decision, the reasons, the errors or the validation differ', () => {
    sample('decision', { decision: 'deny' });
    sample('reasons', { reason: [] });
    sample('errors', { errors: [] });
    sample('validation', { shouldValidate: false });
    sample('syntax', { policies: 'permit(principal, action, resource' });
    const report = runCorpus(folder);
    expect(report).toMatchObject({ passed: 0, failed: 5, skipped: 0 });
    expect(report.failures.join('\n')).toMatch(/the request: allow, expected deny/);
  });

  it('skips a case with a template and names the feature', () => {
    sample('template', { policies: 'permit(principal == ?principal, action, resource);' });
    const report = runCorpus(folder);
    expect(report).toMatchObject({ passed: 0, failed: 0, skipped: 1 });
    expect([...report.refused]).toEqual([['templates', 1]]);
  });

  const corpora = process.env.INTERLOCK_CORPORA;
  it(`agrees with the Cedar corpus${corpora === undefined ? ' (INTERLOCK_CORPORA is not set: only the samples above ran)' : ''}`, () => {
    if (corpora === undefined) {
      console.log('SKIPPED: the Cedar corpus was not run, INTERLOCK_CORPORA is not set');
      return;
    }
    const report = runCorpus(join(corpora, 'cedar'));
    expect(report.failures).toEqual([]);
    expect(report.passed).toBeGreaterThanOrEqual(7018);
    expect(report.skipped).toBe(0);
  }, 600_000);
});
