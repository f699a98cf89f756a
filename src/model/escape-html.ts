const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it stands in HTML, also in a quoted attribute (HTML, section 13.1.4). */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (point) => ENTITIES[point] as string);
}
