import type { FastifyInstance } from 'fastify';
import type { SettingsView } from '../../../../model/insight/estate.ts';
import type { Says } from '../../contract/answers.ts';
import { needs } from '../../schemas.ts';

/** GET /v1/settings */
export function settingsRoutes(view: () => Promise<SettingsView>): (app: FastifyInstance) => void {
  return (app) => {
    app.get<Says<'GET /v1/settings'>>('/v1/settings', needs('read'), () => view());
  };
}
