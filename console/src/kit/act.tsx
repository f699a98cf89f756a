import { Children, type ReactNode, useRef, useState } from 'react';
import type { Change } from '../api/client.ts';
import { useChange } from '../api/hooks.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Area, Field } from './field.tsx';
import { Failed } from './states.tsx';
import { visible } from './visible.ts';

interface ActProps<T> {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  /** The words on the button: what will happen. */
  readonly verb: string;
  readonly danger?: boolean;
  /** What is sent, with the reason the person gave. */
  readonly order: (reason: string) => Change;
  readonly done?: string | ((answer: T) => string);
  readonly onDone?: (answer: T) => void;
  /** More fields, or a preview of what will happen. */
  readonly children?: ReactNode;
  readonly ready?: boolean;
  readonly wide?: boolean;
  /** Proposed as the reason: what was said of the one before, where many follow each other. */
  readonly said?: string;
}

/** Of the 16 kB a request's head may have. */
const MOST_PATH_CHARS = 12_000;

/** Every administrative act: what it is, why (recorded with the person's name), and what the gateway answered. */
export function Act<T = unknown>({
  open,
  onOpenChange,
  title,
  description,
  verb,
  danger = false,
  order,
  done,
  onDone,
  children,
  ready = true,
  wide = false,
  said = '',
}: ActProps<T>) {
  const [typed, setReason] = useState<string | null>(null);
  const reason = typed ?? said;
  const close = (): void => {
    setReason(null);
    onOpenChange(false);
  };
  const act = useChange<T>({
    ...(done === undefined ? {} : { done }),
    onDone: (answer) => {
      close();
      onDone?.(answer);
    },
  });
  const missing = reason.trim() === '';
  // What is taken away is named in the address, with the reason; letters of many scripts are nine characters there.
  const tooLong = !missing && ready && order(reason.trim()).path.length > MOST_PATH_CHARS;
  // At once, not with the next drawing: a second click comes before it.
  const underWay = useRef(false);
  // Closing it does not take back what is under way, and would hide what became of it.
  const leave = (): void => {
    if (underWay.current) return;
    act.reset();
    close();
  };
  const submit = (): void => {
    if (missing || tooLong || !ready || underWay.current) return;
    const what = order(reason.trim());
    underWay.current = true;
    act.mutate(what, { onSettled: () => (underWay.current = false) });
  };
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        if (!next) leave();
      }}
      title={title}
      description={description}
      wide={wide}
      footer={
        <>
          <Button disabled={act.isPending} onClick={leave}>
            Cancel
          </Button>
          <Button
            look={danger ? 'danger' : 'accent'}
            disabled={missing || tooLong || !ready}
            busy={act.isPending}
            onClick={submit}
          >
            {visible(verb)}
          </Button>
        </>
      }
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          // Enter in a field is how one chooses what is proposed, too: nothing ends by it.
          if (!danger) submit();
        }}
      >
        {children}
        <Field
          label="Reason"
          hint="Recorded with your name. Required."
          problem={tooLong ? 'Too long for this act: say it shorter.' : null}
        >
          {(ids) => (
            <Area
              {...ids}
              required
              // Where nothing else is to be said, one writes at once.
              autoFocus={Children.toArray(children).length === 0}
              maxLength={2000}
              rows={2}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) submit();
              }}
            />
          )}
        </Field>
        {act.error !== null && <Failed error={act.error} />}
      </form>
    </Dialog>
  );
}
