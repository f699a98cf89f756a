import { badText, parseTemplate } from '../../model/sentence.ts';
import type { ConfigFile } from '../schema.ts';
import type { Finding, Path } from '../source/problem.ts';

/** Sentences people approve by are read when the configuration is: one that cannot be shown is found before anybody is asked. */
export function checkSentences(raw: ConfigFile): Finding[] {
  return Object.entries(raw.servers).flatMap(([server, { tools = {} }]) =>
    Object.entries(tools).flatMap(([tool, { approval }]) => {
      if (approval === undefined) return [];
      const path = ['servers', server, 'tools', tool, 'approval'];
      return [
        ...template([...path, 'sentence'], approval.sentence),
        ...(approval.touches === undefined ? [] : template([...path, 'touches'], approval.touches)),
        ...(approval.undo === undefined ? [] : literal([...path, 'undo'], approval.undo)),
      ];
    }),
  );
}

function template(path: Path, source: string): Finding[] {
  const parsed = parseTemplate(source);
  return parsed.ok ? [] : wrong(path, parsed.why, 'write e.g. "Order {quantity} of {item} for {total} {currency}"');
}

function literal(path: Path, text: string): Finding[] {
  const bad = badText(text);
  return bad === null ? [] : wrong(path, bad, 'write plain text on one line');
}

function wrong(path: Path, why: string, help: string): Finding[] {
  return [{ path, at: 'value', message: `this cannot be shown to people: ${why}`, help }];
}
