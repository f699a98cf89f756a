/** The bare MCP server over stdio: one JSON line in, one out. */
import { answer } from './messages.ts';

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() as string;
  let out = '';
  for (const line of lines) {
    if (line.trim() === '') continue;
    const text = answer(JSON.parse(line));
    if (text !== null) out += `${text}\n`;
  }
  if (out !== '') process.stdout.write(out);
});
process.stdin.on('end', () => process.exit(0));
