/** What a tool answered, block by block, as a person reads it. */
export interface Block {
  readonly kind: string;
  readonly value: unknown;
}

const MOST_BLOCKS = 20;

/** The blocks of an MCP result (`content`, `structuredContent`); JSON a tool wrote as text is JSON again. Anything else is one block. */
export function blocksOf(result: unknown): {
  readonly blocks: readonly Block[];
  readonly isError: boolean;
  readonly more: number;
} {
  const { content, structuredContent, isError } = (result ?? {}) as Record<string, unknown>;
  if (!Array.isArray(content)) return { blocks: [{ kind: '', value: result }], isError: false, more: 0 };
  const blocks = content.map((item: unknown): Block => {
    const { type, text } = (item ?? {}) as Record<string, unknown>;
    return type === 'text' && typeof text === 'string'
      ? { kind: 'text', value: asJson(text) ?? text }
      : { kind: typeof type === 'string' ? type : '', value: item };
  });
  if (structuredContent !== undefined) blocks.push({ kind: 'structured', value: structuredContent });
  return {
    blocks: blocks.slice(0, MOST_BLOCKS),
    isError: isError === true,
    more: Math.max(0, blocks.length - MOST_BLOCKS),
  };
}

/** Objects and lists only: a number alone is better left as it was written. */
function asJson(text: string): object | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text) as object;
  } catch {
    return null;
  }
}
