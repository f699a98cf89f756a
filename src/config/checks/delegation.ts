import { isLoopback } from '../config.ts';
import type { ConfigFile } from '../schema.ts';
import { didYouMean, type Finding, type Path } from '../source/problem.ts';

/** What the schema cannot say of `connections` and of `oauth.issuers` and `oauth.identityAssertions`. Pure. */
export function checkDelegation(raw: ConfigFile): Finding[] {
  return [...connections(raw), ...issuers(raw), ...assertions(raw)];
}

function finding(path: Path, message: string, help: string): Finding {
  return { path, at: 'value', message, help };
}

/** Agents of the registry are not known here: an id that is no agent of the file is only a mistake where it looks like one of them. */
function connections(raw: ConfigFile): Finding[] {
  return Object.entries(raw.connections ?? {}).flatMap(([id, { from, to, notAfter }]) => {
    const findings: Finding[] = [];
    if (from === to)
      findings.push(finding(['connections', id, 'to'], 'an agent needs no connection to itself', 'remove it'));
    if (notAfter !== undefined && Number.isNaN(Date.parse(notAfter)))
      findings.push(
        finding(['connections', id, 'notAfter'], 'this is no time', 'write 2027-06-30 or 2027-06-30T12:00Z'),
      );
    return findings;
  });
}

function issuers(raw: ConfigFile): Finding[] {
  const seen = new Set<string>();
  return Object.entries(raw.oauth?.issuers ?? {}).flatMap(([id, one]) => {
    const path = ['oauth', 'issuers', id];
    const findings: Finding[] = [];
    const sources = [one.keys, one.keysFile, one.jwksUri].filter((source) => source !== undefined).length;
    if (sources > 1)
      findings.push(finding([...path, 'issuer'], 'keys, keysFile and jwksUri exclude each other', 'keep one'));
    if (sources === 0 && one.issuer.startsWith('spiffe://'))
      findings.push(finding([...path, 'issuer'], 'a trust domain publishes no metadata', 'add keysFile or jwksUri'));
    if (one.issuer.startsWith('spiffe://') && one.proves.includes('id-jag'))
      findings.push(finding([...path, 'proves'], 'a trust domain vouches for workloads only', 'remove id-jag'));
    for (const [key, url] of [
      ['issuer', one.issuer],
      ['jwksUri', one.jwksUri],
    ] as const) {
      const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : null;
      if (url !== undefined && (parsed === null || (parsed.protocol === 'http:' && !isLoopback(parsed.hostname))))
        findings.push(
          finding([...path, key], 'it is reached over https (http on loopback only)', 'write it as https://…'),
        );
    }
    if (seen.has(one.issuer)) findings.push(finding([...path, 'issuer'], 'this issuer is there twice', 'keep one'));
    seen.add(one.issuer);
    return findings;
  });
}

function assertions(raw: ConfigFile): Finding[] {
  const agents = Object.keys(raw.agents);
  return (raw.oauth?.identityAssertions ?? []).flatMap(({ agent }, i) =>
    agents.includes(agent)
      ? []
      : [finding(['oauth', 'identityAssertions', i, 'agent'], `unknown agent "${agent}"`, didYouMean(agent, agents))],
  );
}
