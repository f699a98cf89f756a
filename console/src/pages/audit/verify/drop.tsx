import { Upload } from 'lucide-react';
import { type DragEvent, useId, useState } from 'react';
import { cn } from '../../../kit/cn.ts';
import { toast } from '../../../kit/toast.tsx';

const MOST_BYTES = 8 * 1024 * 1024;

interface DropProps {
  readonly words: string;
  readonly accept: string;
  readonly onText: (text: string, name: string) => void;
}

/** A file, dropped or chosen. It is read here and sent nowhere. */
export function DropFile({ words, accept, onText }: DropProps) {
  const [over, setOver] = useState(false);
  const id = useId();
  const take = (file: File | undefined): void => {
    if (file === undefined) return;
    if (file.size > MOST_BYTES) toast({ tone: 'bad', text: `${file.name} is larger than 8 MB: that is no such file.` });
    else void file.text().then((text) => onText(text, file.name));
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    <label
      htmlFor={id}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      className={cn(
        'flex cursor-pointer items-center justify-center gap-2 rounded-lg border border-dashed border-edge px-4 py-5 text-center text-soft focus-within:outline-2 focus-within:outline-accent hover:border-ink hover:text-ink',
        over && 'border-accent bg-accent-tint text-accent',
      )}
    >
      <Upload className="size-4 shrink-0" aria-hidden /> {words}
      <input
        id={id}
        type="file"
        accept={accept}
        className="sr-only"
        onChange={(event) => {
          take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
    </label>
  );
}
