/**
 * Words that passwords are guessed with first, in lower case, and the runs of keys people take for random. A list to stop the worst, not
 * a dictionary: throttling and passkeys do the rest.
 */
export const COMMON_WORDS: readonly string[] = (
  'password passwort passwd passphrase pass admin administrator root user guest test testing default secret letmein welcome login ' +
  'changeme changeit master dragon monkey shadow sunshine princess football baseball basketball soccer hockey superman batman ' +
  'spiderman starwars pokemon iloveyou loveyou love lovely hello freedom whatever trustno trustnoone michael jordan jennifer jessica ' +
  'daniel thomas robert charlie ashley andrew matthew joshua michelle nicole hunter ranger buster killer harley tigger ginger pepper ' +
  'summer winter spring autumn january february march april june july august september october november december monday tuesday ' +
  'wednesday thursday friday saturday sunday computer internet server database network system access security secure private ' +
  'company office business corporate money chocolate cookie banana orange cheese coffee flower butterfly angel babygirl jesus christ ' +
  'heaven blessed liverpool chelsea arsenal barcelona madrid yankees cowboys steelers london paris berlin america canada ' +
  'mustang ferrari porsche mercedes corvette samsung google facebook apple microsoft windows linux amazon github interlock agent ' +
  'correcthorsebatterystaple correct horse battery staple thisismypassword mypassword nopassword temporary temp ' +
  'abcd qwer qwerty qwertz azerty asdf zxcv qaz wsx edc rfv'
)
  .split(' ')
  .filter((word, i, all) => all.indexOf(word) === i);

const ROWS = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  'abcdefghijklmnopqrstuvwxyz',
  '1qaz2wsx3edc4rfv5tgb',
  '01234567890',
];

export const KEYBOARD_RUNS: readonly string[] = ROWS.flatMap((run) => [run, [...run].reverse().join('')]);
