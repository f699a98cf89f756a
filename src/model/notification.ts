const MAX_LENGTH = 1000;
const LOOPBACK: readonly string[] = ['127.0.0.1', '[::1]', 'localhost'];

/**
 * Whether an agent may be told at this address that its request was answered (OpenID Connect CIBA section 4,
 * `backchannel_client_notification_endpoint`): https, or http on loopback for trying out.
 */
export function isNotificationEndpoint(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return false;
  const url = URL.parse(value);
  if (url === null || value.includes('#') || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname));
}
