import { ApiProblem, post } from './client.ts';

/** The request a passkey is asked for: exactly its bytes. */
export interface Act {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** Asks the person's passkey for exactly this request; what to send in `x-step-up`. */
export async function stepUp({ method, path, body }: Act): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
  const act = { method, path, bodyDigest: base64url(new Uint8Array(digest)) };
  // Loaded when it is needed: most visits never sign anything.
  const [{ startAuthentication }, optionsJSON] = await Promise.all([
    import('@simplewebauthn/browser'),
    post<Parameters<typeof import('@simplewebauthn/browser').startAuthentication>[0]['optionsJSON']>(
      '/v1/step-up/options',
      { act },
    ),
  ]);
  try {
    const assertion = await startAuthentication({ optionsJSON });
    return base64url(new TextEncoder().encode(JSON.stringify(assertion)));
  } catch (cause) {
    const said =
      cause instanceof Error && cause.name !== 'NotAllowedError'
        ? cause.message
        : 'You did not confirm it with your passkey.';
    throw new ApiProblem(401, {
      title: 'Not confirmed',
      detail: `${said} Nothing was done.`,
      code: 'step-up-cancelled',
    });
  }
}

function base64url(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
