import { describe, expect, it } from 'vitest';
import { html } from './html.ts';
import { shown } from './shown.ts';

describe('a page is text unless it was made as markup (CN1)', () => {
  it('everything that comes in is escaped, in text and in attributes, however deep', () => {
    const hostile = `<script>'"&</script>`;
    const safe = '&lt;script&gt;&#39;&quot;&amp;&lt;/script&gt;';
    expect(html`<p title="${hostile}">${hostile}${[hostile, [hostile]]}</p>`.text).toBe(
      `<p title="${safe}">${safe}${safe}${safe}</p>`,
    );
    expect(html`${html`<b>${hostile}</b>`}`.text).toBe(`<b>${safe}</b>`);
    expect(() => html`${{ text: hostile } as never}`).toThrow();
    expect(html`${null}${undefined}${false}${0}`.text).toBe('0');
  });

  it('what others chose is shown with what it hides', () => {
    expect(shown('Pay\u202eLap')).toBe('Pay⟨U+202E⟩Lap');
    expect(shown('a\u200bb\u0000')).toBe('a⟨U+200B⟩b⟨U+0000⟩');
    expect(shown('\u0421laude')).toBe('\u0421⟨U+0421⟩laude');
    expect(shown('\uff23laude')).toContain('⟨U+FF23⟩');
    expect(shown('Клод')).toBe('Клод');
    expect(shown('line\nbreak\u2028s')).toBe('line break s');
    expect(shown('x'.repeat(500))).toBe(`${'x'.repeat(120)}… 500 characters in all`);
    expect(shown('Zoë’s 🤖 agent')).toBe('Zoë’s 🤖 agent');
  });
});
