/** Text written to steer a model rather than to describe a tool. */
interface Marker {
  /**
   * Matched one after the other, in this order, within `span` characters of one sentence. Each is linear in the length of the text:
   * what is scanned comes from a stranger.
   */
  readonly steps: readonly RegExp[];
  readonly span: number;
  /** How a person is told. */
  readonly says: string;
}

const ANY_TOOL_USE = /\b(?:using|calling|invoking|running|use|call|invoke|run|any other|other|another)\b/g;

/**
 * Conservative on purpose: chosen so that ordinary descriptions do not match. They find careless and copied attacks in English, not
 * careful ones; what protects against those is that a definition is pinned and a change is shown to a person.
 */
const SENTENCE_MARKERS: readonly Marker[] = [
  {
    steps: [
      /\b(?:ignore|disregard|forget|override|bypass)\b/g,
      /\b(?:previous|prior|above|earlier|preceding|all other|any other|system|existing|your)\b/g,
      /\b(?:instructions?|prompts?|rules?|guidelines?|directions?|commands?|policy|policies|restrictions?)\b/g,
    ],
    span: 90,
    says: 'tells the model to ignore its instructions',
  },
  {
    steps: [
      /\b(?:do not|don't|never|must not|should not|cannot|without)\b/g,
      /\b(?:tell|telling|inform|informing|mention|mentioning|notify|notifying|alert|alerting|reveal|revealing|disclose|disclosing|let|letting)\b/g,
      /\b(?:the user|users?|humans?|operators?|anyone|anybody)\b/g,
    ],
    span: 70,
    says: 'tells the model to hide something from the user',
  },
  {
    steps: [
      /\b(?:must|always|should|need to|have to|make sure|be sure|required to|also)\b/g,
      /\b(?:bcc|cc|forward|send|upload|post|transmit|copy|exfiltrate|redirect)\b/g,
      /https?:\/\/|[\w.+-]{1,64}@[a-z0-9-]{1,63}|\+?\d{7}/g,
    ],
    span: 140,
    says: 'orders data to be sent to an address of its own',
  },
  {
    steps: [
      /\b(?:before|whenever|when|if|after|every time|each time|prior to)\b/g,
      ANY_TOOL_USE,
      /\btools?\b/g,
      /\b(?:read|open|load|cat|fetch|collect|gather|extract)\b/g,
      /\b(?:files?|contents?|keys?|credentials?|secrets?|passwords?|environment|history|conversation)\b|[~/][\w.]/g,
    ],
    span: 160,
    says: 'demands that something be read before a tool is used',
  },
  {
    steps: [
      /\b(?:pass|include|put|insert|append|attach|provide|send|encode|embed|reveal|repeat|print|leak)\b/g,
      /\b(?:entire|full|whole|complete|previous|all|your|the)\b/g,
      /\b(?:conversation|chat history|message history|system prompt|system message|context window|chain of thought)\b/g,
    ],
    span: 70,
    says: 'asks for the conversation or the system prompt',
  },
  {
    steps: [
      /\b(?:do not|don't|never|without)\b/g,
      /\b(?:ask|asking|request|requesting|wait|waiting|seek|seeking)\b/g,
      /\b(?:user|human|operator)(?:'s)?\b|\b(?:confirmation|permission|approval|consent)\b/g,
    ],
    span: 50,
    says: 'tells the model to act without asking the user',
  },
  {
    steps: [
      /\b(?:this tool|this rule|these rules?|these instructions|this instruction|it)\b/g,
      /\b(?:overrides?|takes? precedence|supersedes?|has priority)\b/g,
      /\b(?:all|any|every|other|previous|system)\b/g,
    ],
    span: 80,
    says: 'claims precedence over other tools or rules',
  },
  {
    steps: [
      /\b(?:when|whenever|if|before|every time|each time)\b/g,
      /\b[a-z]+_[a-z_]+\b/g,
      /\b(?:called|used|invoked|present|available)\b/g,
      /\b(?:must|always|change|replace|modify|instead|redirect)\b/g,
      /\b(?:recipient|address|argument|parameter|destination|account|attacker)s?\b|@/g,
    ],
    span: 200,
    says: 'changes how another tool is to be used',
  },
];

/** Found anywhere in a text; tags and tokens that stand for a rank no tool has, and files nobody's tool needs to name. */
const TEXT_MARKERS: readonly { readonly pattern: RegExp; readonly says: string }[] = [
  {
    pattern:
      /< ?\/? ?(?:important|system|secret|hidden|critical|admin|assistant|developer|instructions?|system[-_ ]?(?:prompt|message|instructions?)) ?>/,
    says: 'uses a tag that imitates instructions of a higher rank',
  },
  {
    pattern: /<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>|\[\/?inst\]|<<\/?sys>>/,
    says: 'contains control tokens of a language model',
  },
  {
    pattern:
      /(?:^|\n)[ #*]{0,6}(?:system|developer|assistant)(?: (?:prompt|message|instructions?|note))?[ *]{0,3}: ?[ *]{0,3}(?:you|ignore|always|never|from now|the)\b/,
    says: 'imitates a message of another role',
  },
  {
    pattern:
      /(?:~|\$home|\$\{home\}|%userprofile%|\/root|\/(?:home|users)\/[\w<>{}$-]{1,40})[/\\]\.(?:ssh|aws|gnupg|kube|netrc|npmrc|docker|azure|config[/\\]gcloud|cursor[/\\]mcp)|\bid_(?:rsa|ed25519|ecdsa)\b|\.cursor[/\\]mcp\.json|claude_desktop_config\.json|\/etc\/shadow\b/,
    says: 'names files that hold credentials',
  },
];

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu;
/** Longer texts are judged by their beginning and end; a definition this long is held back for its size anyway. */
const MAX_LENGTH = 65_536;

/** Why a text looks like instructions to a model; `null` when it does not. Time grows with the length of the text. */
export function instructionIn(text: string): string | null {
  if (text.length < 8) return null;
  const plain = normalize(text);
  for (const { pattern, says } of TEXT_MARKERS) {
    const match = pattern.exec(plain);
    if (match !== null) return `${says}: "${match[0].trim().slice(0, 120)}"`;
  }
  for (const sentence of plain.replaceAll('\n', ' ').split(/[.!?;] /)) {
    for (const marker of SENTENCE_MARKERS) {
      const found = inOrder(sentence, marker);
      if (found !== null) return `${marker.says}: "${found.slice(0, 160)}"`;
    }
  }
  return null;
}

/** Lower case, compatibility forms, straight quotes, nothing invisible, single spaces: tricks of spelling make no difference. */
function normalize(text: string): string {
  const bounded = text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH / 2)}\n${text.slice(-MAX_LENGTH / 2)}`;
  return bounded
    .normalize('NFKC')
    .replace(INVISIBLE, (c) => (c === '\n' || c === '\t' || c === '\r' ? c : ''))
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/[^\S\n]+/g, ' ');
}

/** The first stretch of a sentence that holds every step in order. */
function inOrder(sentence: string, { steps, span }: Marker): string | null {
  const [first, ...rest] = steps as [RegExp, ...RegExp[]];
  for (const start of sentence.matchAll(first)) {
    const stretch = sentence.slice(start.index, start.index + span);
    let at = start[0].length;
    const whole = rest.every((step) => {
      step.lastIndex = at;
      const match = step.exec(stretch);
      at = step.lastIndex;
      return match !== null;
    });
    if (whole) return stretch.slice(0, at);
  }
  return null;
}
