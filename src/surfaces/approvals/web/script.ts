import { PASSKEY_SCRIPT } from '../../account/web/passkey-script.ts';

/**
 * Script of the approval pages: signs with a passkey, counts down, moves by keyboard, says that something is new. Reads what the page says in
 * attributes, writes text and never markup, goes only where the gateway tells it, on this site. Without it everything can be read.
 */
export const SCRIPT = `'use strict';
(() => {
${PASSKEY_SCRIPT}
  const passed = () => document.timeline.currentTime;

  async function sign(form, verdict) {
    const fields = Object.fromEntries(new FormData(form));
    const base = form.dataset.sign;
    const options = await post(base + '/options', fields.csrf, { ...fields, verdict });
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: options.allowCredentials.map((each) => ({ ...each, id: bytes(each.id) })),
    };
    const found = await navigator.credentials.get({ publicKey });
    const { authenticatorData, clientDataJSON, signature, userHandle } = found.response;
    const response = {
      authenticatorData: text(authenticatorData),
      clientDataJSON: text(clientDataJSON),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : undefined,
    };
    const answer = { id: found.id, rawId: text(found.rawId), type: found.type, clientExtensionResults: {}, response };
    return post(base, fields.csrf, { answer });
  }

  function whyNot(error) {
    if (error.name === 'NotAllowedError') return 'Nothing was signed: the request was dismissed, or it took too long.';
    if (error.name === 'SecurityError') return 'Passkeys do not work at this address.';
    return error.message;
  }

  for (const form of document.querySelectorAll('form.answer')) {
    const alert = form.querySelector('[role=alert]');
    const reason = form.querySelector('[name=reason]');
    const say = (words) => {
      alert.textContent = words;
      alert.hidden = words === '';
    };
    const buttons = [...form.querySelectorAll('button[name=verdict]')];
    const able = form.dataset.sign === undefined || window.PublicKeyCredential !== undefined;
    if (!able) say('This browser has no passkeys. Open the request in one that has.');
    for (const button of buttons) button.disabled = !able;
    form.addEventListener('submit', async (event) => {
      const verdict = event.submitter ? event.submitter.value : '';
      say('');
      if (verdict === 'denied' && reason.value.trim() === '') {
        event.preventDefault();
        say('Say why you deny it: the agent is told.');
        return reason.focus();
      }
      if (form.dataset.sign === undefined) return;
      event.preventDefault();
      for (const button of buttons) button.disabled = true;
      try {
        const { to } = await sign(form, verdict);
        if (to.startsWith('/') && !to.startsWith('//')) location.assign(to);
      } catch (error) {
        say(whyNot(error));
        for (const button of buttons) button.disabled = false;
      }
    });
  }

  const counts = [...document.querySelectorAll('time[data-left]')].map((place) => [place, Number(place.dataset.left)]);
  const two = (n) => String(n).padStart(2, '0');
  function count() {
    for (const [place, left] of counts) {
      const s = Math.max(0, Math.floor((left - passed()) / 1000));
      if (s >= 172800) continue;
      const clock = two(Math.floor(s / 60) % 60) + ':' + two(s % 60);
      place.textContent = s >= 3600 ? Math.floor(s / 3600) + ':' + clock : clock;
      place.classList.toggle('soon', s < 120);
    }
  }
  if (counts.length > 0) setInterval(count, 1000);

  const rows = [...document.querySelectorAll('a[data-row]')];
  const search = document.getElementById('search');
  document.addEventListener('keydown', (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && typing) return event.target.blur();
    if (typing) return;
    if (event.key === '/' && search) {
      event.preventDefault();
      search.focus();
    }
    const step = { j: 1, k: -1 }[event.key];
    if (step === undefined || rows.length === 0) return;
    const at = rows.indexOf(document.activeElement);
    rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))].focus();
  });

  for (const place of document.querySelectorAll('[data-poll]')) {
    const said = place.querySelector('p');
    place.querySelector('a').href = location.pathname + location.search;
    let wait = 4000;
    const look = async () => {
      if (document.hidden) return setTimeout(look, wait);
      try {
        const answer = await window.fetch(place.dataset.poll, { headers: { 'if-none-match': place.dataset.tag }, redirect: 'error', cache: 'no-store' });
        if (answer.status === 200) {
          const { words, over } = await answer.json();
          place.querySelector('span').textContent = words;
          said.hidden = false;
          if (over) for (const button of document.querySelectorAll('form.answer button[name=verdict]')) button.disabled = true;
          return;
        }
        if (answer.status !== 304) return;
        wait = 4000;
      } catch {
        wait = Math.min(60000, wait * 2);
      }
      setTimeout(look, wait);
    };
    setTimeout(look, wait);
  }
})();
`;
