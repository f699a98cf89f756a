import {
  Activity,
  BadgeCheck,
  Bot,
  Cable,
  ClipboardCheck,
  FileSearch,
  Gauge,
  LayoutTemplate,
  ListTree,
  Network,
  OctagonX,
  Scale,
  Server,
  Settings,
  Users,
} from 'lucide-react';
import type { ComponentType } from 'react';
import type { Permission } from '../../../src/model/insight/roles.ts';

export interface Place {
  readonly to: string;
  readonly words: string;
  readonly icon: ComponentType<{ className?: string }>;
  readonly needs: Permission;
  /** `g` and this key lead there. */
  readonly key: string;
}

export interface Group {
  readonly words: string;
  readonly places: readonly Place[];
}

/** Where one can go, in the order of the questions people come with. */
export const PLACES: readonly Group[] = [
  {
    words: 'Now',
    places: [
      { to: '/', words: 'Overview', icon: Gauge, needs: 'read', key: 'o' },
      { to: '/approvals', words: 'Approvals', icon: BadgeCheck, needs: 'approvals.read', key: 'p' },
      { to: '/live', words: 'Live', icon: Activity, needs: 'read', key: 'l' },
      { to: '/stop', words: 'Kill switch', icon: OctagonX, needs: 'read', key: 'k' },
    ],
  },
  {
    words: 'Estate',
    places: [
      { to: '/agents', words: 'Agents', icon: Bot, needs: 'read', key: 'a' },
      { to: '/servers', words: 'Servers and tools', icon: Server, needs: 'read', key: 's' },
      { to: '/map', words: 'Map', icon: Network, needs: 'read', key: 'm' },
      { to: '/connections', words: 'Connections', icon: Cable, needs: 'read', key: 'c' },
      { to: '/people', words: 'People', icon: Users, needs: 'read', key: 'u' },
    ],
  },
  {
    words: 'Rules',
    places: [
      { to: '/policies', words: 'Policies', icon: Scale, needs: 'read', key: 'r' },
      { to: '/reviews', words: 'Access reviews', icon: ClipboardCheck, needs: 'read', key: 'w' },
      { to: '/templates', words: 'Templates', icon: LayoutTemplate, needs: 'read', key: 't' },
    ],
  },
  {
    words: 'Record',
    places: [
      { to: '/sessions', words: 'Sessions', icon: ListTree, needs: 'read', key: 'e' },
      { to: '/audit', words: 'Audit', icon: FileSearch, needs: 'read', key: 'd' },
      { to: '/settings', words: 'Settings', icon: Settings, needs: 'read', key: ',' },
    ],
  },
];
