import { PASSKEY_SCRIPT } from './passkey-script.ts';

/**
 * All the script there is: passkeys need it, nothing else does. It reads what the page says in `data-` attributes, writes text and never
 * markup, and goes only where the gateway tells it, on this site.
 */
export const SCRIPT = `'use strict';
(() => {
${PASSKEY_SCRIPT}
  async function signIn(button) {
    const { csrf, base } = button.dataset;
    const options = await post(base + '/options', csrf, {});
    const found = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: [] } });
    const { authenticatorData, clientDataJSON, signature, userHandle } = found.response;
    const response = {
      authenticatorData: text(authenticatorData),
      clientDataJSON: text(clientDataJSON),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : undefined,
    };
    return post(base, csrf, { answer: answerOf(found, response), return: button.dataset.return || '' });
  }

  async function register(button) {
    const { csrf, base } = button.dataset;
    const name = document.getElementById('passkey-name');
    const options = await post(base + '/options', csrf, {});
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: (options.excludeCredentials || []).map((each) => ({ ...each, id: bytes(each.id) })),
      },
    });
    const { attestationObject, clientDataJSON } = made.response;
    const transports = made.response.getTransports ? made.response.getTransports() : [];
    const response = { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON), transports };
    return post(base, csrf, { answer: answerOf(made, response), name: name ? name.value : '' });
  }

  function answerOf(credential, response) {
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: {}, response };
  }

  function whyNot(error) {
    if (error.name === 'NotAllowedError') return 'Nothing was done: the request was dismissed, or it took too long.';
    if (error.name === 'InvalidStateError') return 'This device has a passkey for this account already.';
    if (error.name === 'SecurityError') return 'Passkeys do not work at this address.';
    return error.message;
  }

  for (const button of document.querySelectorAll('button[data-passkey]')) {
    const alert = document.getElementById(button.dataset.alert || 'alert');
    if (!window.PublicKeyCredential) {
      button.disabled = true;
      alert.textContent = 'This browser has no passkeys.';
      alert.hidden = false;
      continue;
    }
    button.addEventListener('click', async () => {
      button.disabled = true;
      alert.hidden = true;
      try {
        const { to } = await (button.dataset.passkey === 'register' ? register(button) : signIn(button));
        if (to.startsWith('/') && !to.startsWith('//')) location.assign(to);
      } catch (error) {
        alert.textContent = whyNot(error);
        alert.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
`;
