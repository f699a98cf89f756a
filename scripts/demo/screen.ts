import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** What the audience sees: plain sentences on standard output, coloured on a terminal. */
export interface Screen {
  title(text: string): void;
  step(number: number, text: string): void;
  /** What somebody does. */
  says(text: string): void;
  /** Output of a command or words of an agent, indented. */
  quote(text: string): void;
  good(text: string): void;
  bad(text: string): void;
  blank(): void;
}

export function makeScreen(stream: NodeJS.WriteStream): Screen {
  const coloured = stream.isTTY && (process.env.NO_COLOR ?? '') === '';
  const paint = (style: Style, text: string) => (coloured ? styleText(style, text, { validateStream: false }) : text);
  const print = (text: string) => void stream.write(`${text}\n`);
  return {
    title: (text) => print(`\n${paint('bold', text)}`),
    step: (number, text) => print(`\n${paint('bold', `${number}. ${text}`)}`),
    says: (text) => print(`   ${text}`),
    quote: (text) => {
      for (const line of text.trim().split('\n')) print(paint('dim', `   | ${line}`));
    },
    good: (text) => print(`   ${paint('green', 'ok')}  ${text}`),
    bad: (text) => print(`   ${paint('red', 'NOT AS EXPECTED')}  ${text}`),
    blank: () => print(''),
  };
}
