import { checkLog, type LogSource } from './log.ts';
import type { Answer, Question } from './messages.ts';
import { parseKey, type VerifierKey } from './note.ts';
import { checkReceipt, type ReceiptResult } from './receipt.ts';

interface NotesPage {
  readonly items: readonly { readonly segment: number; readonly note: string }[];
  readonly next: string | null;
}

/** The page's own checker, beside the page so that nothing freezes. It believes nothing it is sent but the key. */
const cancelled = new Set<number>();
const PAUSE_EVERY_MS = 100;

self.onmessage = ({ data }: MessageEvent<Question>): void => {
  if (data.kind === 'cancel') {
    cancelled.add(data.id);
    return;
  }
  const work = data.kind === 'receipt' ? receipt(data.text, data.vkey) : log(data);
  work.then(
    (answer) => tell({ ...answer, id: data.id } as Answer),
    (cause: unknown) =>
      tell({ kind: 'failed', id: data.id, message: cause instanceof Error ? cause.message : String(cause) }),
  );
};

function tell(answer: Answer): void {
  self.postMessage(answer);
}

function keyOf(vkey: string): VerifierKey {
  // Only pages that came over HTTPS, or from this very machine, have it.
  if (globalThis.crypto?.subtle === undefined)
    throw new Error('This browser checks signatures only on pages that came over HTTPS. Open the console over HTTPS.');
  const key = parseKey(vkey);
  if (key === null) throw new Error('The verifier key is no Ed25519 key, or its id does not fit it.');
  return key;
}

async function receipt(text: string, vkey: string): Promise<{ kind: 'receipt'; result: ReceiptResult }> {
  const key = keyOf(vkey);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'receipt', result: { ok: false, problem: 'This is no receipt: it is not JSON.' } };
  }
  return { kind: 'receipt', result: await checkReceipt(value, key) };
}

async function log(
  ask: Extract<Question, { kind: 'log' }>,
): Promise<Pick<Extract<Answer, { kind: 'log' }>, 'kind' | 'report'>> {
  const abort = new AbortController();
  const source: LogSource = {
    segments: ask.segments,
    bytes: (first) => pieces(`${ask.base}/v1/journal/segments/${first}`, abort.signal),
    async notes(first) {
      let text = '';
      let cursor: string | null = null;
      do {
        const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const address = `${ask.base}/v1/journal/checkpoints?segment=${first}&limit=1000${after}`;
        const page = (await (await reached(address, abort.signal)).json()) as NotesPage;
        // The list goes on with the segments after it.
        const own = page.items.filter(({ segment }) => segment === first);
        text += own.map(({ note }) => `${note}\n`).join('');
        cursor = own.length === page.items.length ? page.next : null;
      } while (cursor !== null);
      return text;
    },
  };
  try {
    const report = await checkLog({
      ...{ source, key: keyOf(ask.vkey), checkpoints: ask.checkpoints, whole: ask.whole },
      onProgress: (progress) => tell({ kind: 'progress', id: ask.id, progress }),
      cancelled: () => cancelled.has(ask.id),
    });
    return { kind: 'log', report };
  } finally {
    abort.abort();
    cancelled.delete(ask.id);
  }
}

async function reached(address: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(address, { credentials: 'same-origin', redirect: 'error', signal });
  if (answer.ok) return answer;
  const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new Error(`The gateway answered ${answer.status}${detail === undefined ? '' : `: ${detail}`}.`);
}

async function* pieces(address: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = (await reached(address, signal)).body!.getReader();
  let paused = performance.now();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
    // Now and then a cancellation can be heard.
    if (performance.now() - paused < PAUSE_EVERY_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    paused = performance.now();
  }
}
