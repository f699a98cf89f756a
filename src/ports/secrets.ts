import type { SecretFrom } from '../model/credential.ts';

export interface ReadSecret {
  /** Without its final line break; never empty. */
  readonly value: string;
  /** For so long it need not be read again. */
  readonly freshForMs: number;
}

/** Reads secrets where the operator keeps them. One adapter: files, the gateway's environment, commands. */
export interface SecretReader {
  /** Rejects with an Error that names the place and what to do, never what was found there. */
  read(from: SecretFrom): Promise<ReadSecret>;
}
