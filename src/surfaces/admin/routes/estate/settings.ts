import type { FastifyInstance } from 'fastify';
import type { SettingsView } from '../../../../model/insight/estate.ts';
import { needs } from '../../schemas.ts';

/** GET /v1/settings */
export function settingsRoutes(view: () => Promise<SettingsView>): (app: FastifyInstance) => void {
  return (app) => {
    app.get('/v1/settings', needs('read'), () => view());
  };
}
