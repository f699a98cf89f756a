import { ASSETS } from '../../account/web/assets.ts';
import { PUSH_SCRIPT } from '../../push/worker.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** What the pages of approvals need besides what all pages have. */
export const FILES = {
  style: ASSETS.keep('css', { type: 'text/css; charset=utf-8', body: STYLE }),
  script: ASSETS.keep('js', { type: 'text/javascript; charset=utf-8', body: SCRIPT + PUSH_SCRIPT }),
} as const;
