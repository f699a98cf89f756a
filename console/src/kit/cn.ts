import { type ClassValue, clsx } from 'clsx';
import { twMerge } from 'tailwind-merge';

/** Class names, the last word on each property winning. */
export function cn(...classes: ClassValue[]): string {
  return twMerge(clsx(classes));
}
