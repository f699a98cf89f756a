import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { Keyboard, LogOut, Menu as MenuIcon, Monitor, Moon, Search, Sun, UserRound } from 'lucide-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { Overview } from '../../../src/model/insight/overview.ts';
import type { Me } from '../../../src/model/insight/roles.ts';
import { useGet, useMe } from '../api/hooks.ts';
import icon from '../icon.svg';
import { Button } from '../kit/button.tsx';
import { cn } from '../kit/cn.ts';
import { useKeys } from '../kit/keys.ts';
import { Menu } from '../kit/menu.tsx';
import { Answered, Empty, Loading } from '../kit/states.tsx';
import { visible } from '../kit/text.tsx';
import { Toasts } from '../kit/toast.tsx';
import { PLACES } from './places.ts';
import { SignedOut, Unanswered } from './session.tsx';
import { chooseTheme, type ThemeChoice, useThemeChoice } from './theme.ts';

const Palette = lazy(() => import('./palette.tsx').then(({ Palette: component }) => ({ default: component })));
const Shortcuts = lazy(() => import('./shortcuts.tsx').then(({ Shortcuts: component }) => ({ default: component })));

/** Who is signed in decides what there is; then the page. */
export function Shell() {
  const who = useMe();
  return (
    <>
      <Answered query={who}>{(me) => (me.roles.length === 0 ? <NoRole me={me} /> : <Frame me={me} />)}</Answered>
      <Toasts />
      <SignedOut />
    </>
  );
}

function NoRole({ me }: { me: Me }) {
  return (
    <>
      <header className="flex h-14 items-center border-b bg-card px-4">
        <Brand />
      </header>
      <main className="mx-auto max-w-xl pt-10">
        <title>No role · Interlock</title>
        <Empty
          icon={UserRound}
          title={<h1>{visible(me.name)}, you have no role in the console</h1>}
          action={
            <div className="flex gap-2">
              <Button asChild look="accent">
                <a href="/approvals">Your approvals</a>
              </Button>
              <Button asChild>
                <a href="/account">Your account</a>
              </Button>
            </div>
          }
        >
          What you are asked and what acts for you is on your own pages. To see more, ask whoever runs this gateway to
          add you, or a group of yours, to <code className="font-mono">console.roles</code> in its configuration.
        </Empty>
      </main>
    </>
  );
}

function Frame({ me }: { me: Me }) {
  const [menu, setMenu] = useState(false);
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => setMenu(false), [path]);
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    // Whoever goes to another page without a mouse goes on in its content, and not at the top or where they came from.
    main.current?.focus({ preventScroll: true });
  }, [path]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setPalette((open) => !open);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const goes = PLACES.flatMap(({ places }) => places).map(
    (place) => [`g ${place.key}`, () => void navigate({ to: place.to })] as const,
  );
  useKeys({
    ...Object.fromEntries(goes),
    '?': () => setHelp(true),
    '/': () => {
      const box = document.querySelector<HTMLInputElement>('main [data-search]');
      if (box === null) setPalette(true);
      else box.focus();
    },
  });
  return (
    <div className="flex min-h-dvh flex-col lg:flex-row">
      <a href="#main" className="absolute -left-96 z-50 rounded-lg bg-card px-3 py-2 focus:top-3 focus:left-3">
        Skip to content
      </a>
      <header className="flex h-14 items-center gap-2 border-b bg-card px-3 lg:hidden">
        <Button look="quiet" size="icon" aria-label="Menu" aria-expanded={menu} onClick={() => setMenu(!menu)}>
          <MenuIcon aria-hidden />
        </Button>
        <Brand />
        <span className="flex-1" />
        <Button look="quiet" size="icon" aria-label="Search and commands" onClick={() => setPalette(true)}>
          <Search aria-hidden />
        </Button>
      </header>
      <aside
        className={cn(
          'shrink-0 border-r bg-card lg:sticky lg:top-0 lg:flex lg:h-dvh lg:w-56 lg:flex-col',
          menu ? 'flex flex-col border-b' : 'hidden',
        )}
      >
        <div className="hidden h-14 items-center px-4 lg:flex">
          <Brand />
        </div>
        <button
          type="button"
          onClick={() => setPalette(true)}
          className="mx-3 mb-1 hidden h-9 items-center gap-2 rounded-lg border border-edge/60 px-2.5 text-[13px] text-soft hover:border-edge hover:text-ink lg:flex"
        >
          <Search className="size-4" aria-hidden /> Search
          <kbd className="ml-auto rounded border bg-sunk px-1 font-sans text-[11px]">Ctrl K</kbd>
        </button>
        <Nav me={me} path={path} />
        <Foot me={me} onHelp={() => setHelp(true)} />
      </aside>
      <main
        ref={main}
        id="main"
        tabIndex={-1}
        className="mx-auto w-full max-w-[1400px] min-w-0 flex-1 px-4 py-5 outline-none sm:px-6 lg:px-8 lg:py-7"
      >
        <Unanswered />
        <Suspense fallback={<Loading lines={8} />}>
          <Outlet />
        </Suspense>
      </main>
      <Suspense>
        {palette && <Palette me={me} onClose={() => setPalette(false)} />}
        {help && <Shortcuts onClose={() => setHelp(false)} />}
      </Suspense>
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className="flex items-center gap-2.5 font-semibold tracking-tight">
      <img src={icon} alt="" width={24} height={24} className="rounded-md" /> Interlock
    </Link>
  );
}

function Nav({ me, path }: { me: Me; path: string }) {
  const overview = useGet<Overview>('/v1/overview', { everyMs: 15_000, enabled: me.permissions.includes('read') }).data;
  const waiting = overview?.attention.find(({ kind }) => kind === 'approvals')?.count ?? 0;
  return (
    <nav aria-label="Console" className="min-h-0 flex-1 space-y-4 overflow-y-auto px-3 py-3">
      {PLACES.map(({ words, places }) => {
        const open = places.filter(({ needs }) => me.permissions.includes(needs));
        return open.length === 0 ? null : (
          <div key={words}>
            <p className="px-2.5 pb-1 text-[11px] font-semibold tracking-wide text-soft uppercase">{words}</p>
            <ul>
              {open.map(({ to, words: name, icon: Icon }) => {
                const here = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
                return (
                  <li key={to}>
                    <Link
                      to={to}
                      aria-current={here ? 'page' : undefined}
                      className={cn(
                        'flex h-9 items-center gap-2.5 rounded-lg px-2.5 font-medium text-soft hover:bg-sunk hover:text-ink lg:h-8',
                        here && 'bg-accent-tint text-accent hover:bg-accent-tint hover:text-accent',
                      )}
                    >
                      <Icon className="size-4 shrink-0" aria-hidden /> {name}
                      {to === '/approvals' && waiting > 0 && (
                        <span className="tabular ml-auto rounded-full bg-accent px-1.5 text-[11px] leading-4.5 font-semibold text-accent-ink">
                          {waiting}
                        </span>
                      )}
                    </Link>
                  </li>
                );
              })}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

const THEMES: readonly (readonly [ThemeChoice, string, typeof Sun])[] = [
  ['system', 'As the system', Monitor],
  ['light', 'Light', Sun],
  ['dark', 'Dark', Moon],
];

function Foot({ me, onHelp }: { me: Me; onHelp: () => void }) {
  const theme = useThemeChoice();
  const Icon = THEMES.find(([choice]) => choice === theme)![2];
  return (
    <div className="flex items-center gap-1 border-t px-3 py-2">
      <a href="/account" className="min-w-0 flex-1 rounded-lg px-2 py-1 leading-tight hover:bg-sunk">
        <span className="block truncate text-[13px] font-medium">{me.name}</span>
        <span className="block truncate text-xs text-soft">{me.roles.join(', ')}</span>
      </a>
      <Button
        look="quiet"
        size="icon"
        aria-label="Keyboard shortcuts"
        className="hidden lg:inline-flex"
        onClick={onHelp}
      >
        <Keyboard aria-hidden />
      </Button>
      <Menu
        trigger={
          <Button look="quiet" size="icon" aria-label="Appearance and sign out">
            <Icon aria-hidden />
          </Button>
        }
        items={[
          ...THEMES.map(([choice, words, Each]) => ({
            label: (
              <>
                <Each className="size-4" aria-hidden /> {words}
                {choice === theme ? ' ✓' : ''}
              </>
            ),
            onSelect: () => chooseTheme(choice),
          })),
          {
            label: (
              <>
                <LogOut className="size-4" aria-hidden /> Sign out
              </>
            ),
            onSelect: () => signOut(me.csrf),
          },
        ]}
      />
    </div>
  );
}

/** The form of the account pages, sent from here: it ends the session and leads to the sign-in page. */
function signOut(csrf: string): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = '/sign-out';
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'csrf';
  field.value = csrf;
  form.append(field);
  document.body.append(form);
  form.submit();
}
