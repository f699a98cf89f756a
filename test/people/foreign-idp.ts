import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** An organisation's identity provider: `oidc-provider` in a house of its own, in which everybody is who `account` says. */
export interface ForeignIdp {
  readonly issuer: string;
  /** Who signs in next, and what is said of them. */
  account: { id: string; claims: Record<string, unknown> };
  /** What a browser does there: from the authorization request to the address it is sent back to. */
  visit(url: string): Promise<string>;
  close(): Promise<void>;
}

export const CLIENT = { clientId: 'interlock', clientSecret: 'a-secret-of-the-foreign-house' } as const;

export async function openForeignIdp(redirectUris: readonly string[]): Promise<ForeignIdp> {
  const state = { account: { id: 'sub-1', claims: {} as Record<string, unknown> } };
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [...redirectUris],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        post_logout_redirect_uris: redirectUris.map((uri) => `${new URL(uri).origin}/sign-in`),
      },
    ],
    claims: {
      openid: ['sub', 'amr'],
      profile: ['name', 'preferred_username', 'groups', 'title'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, ...state.account.claims }),
    }),
    cookies: { keys: ['a key of the foreign house'] },
    pkce: { required: () => true },
  } as never);
  provider.silent = true;
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void provider.callback()(request, response);
    void (async () => {
      const details = await provider.interactionDetails(request, response);
      const { id } = state.account;
      const grant = new provider.Grant({ accountId: id, clientId: CLIENT.clientId });
      grant.addOIDCScope('openid profile email');
      const result = { login: { accountId: id, amr: ['pwd', 'otp'] }, consent: { grantId: await grant.save() } };
      await provider.interactionFinished(
        request,
        response,
        details.prompt.name === 'login' ? result : { consent: result.consent },
      );
    })();
  });
  return {
    issuer,
    get account() {
      return state.account;
    },
    set account(account) {
      state.account = account;
    },
    async visit(url) {
      const jar = new Map<string, string>();
      let at = new URL(url);
      for (let step = 0; step < 10; step++) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
        const answer = await globalThis.fetch(at, { redirect: 'manual', headers: { cookie } });
        for (const line of answer.headers.getSetCookie()) {
          const [name = '', value = ''] = line.split(';')[0]!.split('=');
          jar.set(name, value);
        }
        const to = answer.headers.get('location');
        if (to === null) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`);
        at = new URL(to, at);
        if (at.origin !== issuer) return at.href;
      }
      throw new Error('the provider goes round in circles');
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
