/**
 * The service worker: shows what was pushed and opens its link. It has no page in its hands, fetches nothing and keeps nothing. The link
 * must lead to this very site, whoever sent it.
 */
export const WORKER = `'use strict';
const textOf = (value, max) => (typeof value === 'string' ? value.slice(0, max) : '');

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  let said = {};
  try {
    said = (event.data && event.data.json()) || {};
  } catch {
    // Something must be shown: a browser takes the permission away from those who show nothing.
  }
  event.waitUntil(
    self.registration.showNotification(textOf(said.title, 100) || 'Interlock', {
      body: textOf(said.body, 300),
      tag: textOf(said.tag, 100) || 'interlock',
      renotify: true,
      requireInteraction: true,
      data: { url: textOf(said.url, 2000) },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const home = new URL('/approvals', self.location.origin);
  let to = home;
  try {
    to = new URL((event.notification.data || {}).url || home.href, home);
  } catch {
    to = home;
  }
  if (to.origin !== home.origin) to = home;
  event.waitUntil(self.clients.openWindow(to.href));
});
`;

/**
 * For the script of the approval pages: `<button data-push="<key>" data-csrf="…" data-alert="…" hidden>` turns notifications of this
 * browser on and off. It stays hidden where a browser has none.
 */
export const PUSH_SCRIPT = `
(() => {
  const button = document.querySelector('button[data-push]');
  if (!button || !('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const alert = document.getElementById(button.dataset.alert || 'alert');

  async function post(path, body) {
    const answer = await window.fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      redirect: 'error',
      headers: { 'content-type': 'application/json', 'x-csrf-token': button.dataset.csrf },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error((await answer.json()).message || 'It did not work. Load the page again.');
  }

  const current = async () => {
    const registration = await navigator.serviceWorker.getRegistration('/approvals/push/');
    return registration ? registration.pushManager.getSubscription() : null;
  };

  async function show() {
    const on = (await current()) !== null;
    button.textContent = on ? 'Turn notifications off in this browser' : 'Notify me in this browser';
    button.setAttribute('aria-pressed', String(on));
    button.hidden = false;
    button.disabled = false;
  }

  async function turnOn() {
    if ((await Notification.requestPermission()) !== 'granted') throw new Error('This browser does not allow notifications here.');
    const registration = await navigator.serviceWorker.register('/approvals/push/worker.js', { scope: '/approvals/push/' });
    while (!registration.active) await new Promise((done) => setTimeout(done, 50));
    const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(button.dataset.push) });
    await post('/approvals/push/subscribe', subscription.toJSON());
  }

  async function turnOff(subscription) {
    await post('/approvals/push/unsubscribe', { endpoint: subscription.endpoint });
    await subscription.unsubscribe();
  }

  button.addEventListener('click', async () => {
    button.disabled = true;
    if (alert) alert.hidden = true;
    try {
      const subscription = await current();
      await (subscription ? turnOff(subscription) : turnOn());
    } catch (error) {
      if (alert) {
        alert.textContent = error.message;
        alert.hidden = false;
      }
    }
    await show();
  });
  show().catch(() => {});
})();
`;
