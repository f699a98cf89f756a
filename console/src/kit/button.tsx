import { cva, type VariantProps } from 'class-variance-authority';
import { Slot } from 'radix-ui';
import type { ComponentProps } from 'react';
import { cn } from './cn.ts';

const button = cva(
  'inline-flex items-center justify-center gap-1.5 rounded-lg font-medium whitespace-nowrap select-none transition-colors disabled:opacity-55 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        plain: 'border border-edge/60 bg-card text-ink hover:border-ink hover:bg-sunk',
        accent: 'bg-accent text-accent-ink hover:bg-accent-over',
        danger: 'bg-bad-fill text-bad-ink hover:bg-bad-over',
        quiet: 'text-soft hover:bg-sunk hover:text-ink',
      },
      size: {
        small: 'h-8 px-2.5 text-[13px] [&_svg]:size-3.5',
        normal: 'h-9 px-3.5 text-sm [&_svg]:size-4',
        large: 'h-11 px-5 text-[15px] [&_svg]:size-5',
        icon: 'size-9 [&_svg]:size-[18px]',
      },
    },
    defaultVariants: { look: 'plain', size: 'normal' },
  },
);

export type ButtonProps = ComponentProps<'button'> &
  VariantProps<typeof button> & {
    /** The child is the button: a link, say. */
    asChild?: boolean;
    busy?: boolean;
  };

export function Button({ look, size, asChild = false, busy = false, className, type, ...rest }: ButtonProps) {
  const Tag = asChild ? Slot.Root : 'button';
  return (
    <Tag
      {...(asChild ? {} : { type: type ?? 'button' })}
      {...rest}
      aria-busy={busy || undefined}
      disabled={busy || rest.disabled}
      className={cn(button({ look, size }), busy && 'animate-[pulse-soft_1s_infinite]', className)}
    />
  );
}
