import { createHash } from 'node:crypto';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface Asset {
  readonly type: string;
  readonly body: string;
}

/** Two bars that close on each other: an interlock. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1d4ed8"/><path d="M9 8v9a4 4 0 0 0 8 0v-2" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/><path d="M23 24v-9a4 4 0 0 0-8 0v2" fill="none" stroke="#bfdbfe" stroke-width="3" stroke-linecap="round"/></svg>`;

class Assets extends Map<string, Asset> {
  readonly paths: { readonly style: string; readonly script: string; readonly icon: string };

  constructor() {
    super();
    this.paths = {
      style: this.keep('css', { type: 'text/css; charset=utf-8', body: STYLE }),
      script: this.keep('js', { type: 'text/javascript; charset=utf-8', body: SCRIPT }),
      icon: this.keep('svg', { type: 'image/svg+xml', body: ICON }),
    };
  }

  /** Where it is found from now on. For what only some pages need. */
  keep(extension: string, asset: Asset): string {
    const hash = createHash('sha256').update(asset.body).digest('base64url').slice(0, 16);
    const path = `/account/files/${hash}.${extension}`;
    this.set(path, asset);
    return path;
  }
}

export const ASSETS = new Assets();
