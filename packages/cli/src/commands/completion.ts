import { invalidArgument } from '@ctrd/client/core';
import type { Command } from 'commander';
import { connectAll } from '../clients/full-client.js';
import { readConfig } from '../config-file.js';
import type { GlobalOptions, LocalRun } from '../context.js';
import { nameOf } from '../foreign.js';
import { familiar } from '../options/image-names.js';
import { createProgram } from '../program.js';
import { settingsOf } from '../settings.js';

export const completion: LocalRun = async ([shell = '']) => {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) throw invalidArgument('shell', 'be bash, zsh or fish', shell);
  process.stdout.write(script);
};

/** A shell asks with the words so far, the one that is being typed last. */
export const complete: LocalRun = async (words, _options, { signal }) => {
  const { candidates, kind, globals } = candidatesFor(words);
  const begun = words.at(-1) ?? '';
  const named = kind === undefined ? [] : await namesOf(kind, globals, signal);
  // As people write it, unless this one has begun otherwise.
  const isFull = begun.startsWith('docker.io/');
  const names = kind === 'image' && !isFull ? named.map(familiar) : named;
  const offered = fitting([...candidates, ...names], begun);
  process.stdout.write(offered.map((candidate) => `${candidate}\n`).join(''));
};

/**
 * Those that begin as the word does. Others choose names, and bash puts them into the line as they
 * are: what it would not take as a word is left out.
 */
export function fitting(candidates: readonly string[], begun: string): readonly string[] {
  return candidates.filter((one) => one.startsWith(begun) && /^[\w.:/@+=,-]+$/.test(one));
}

type Kind = 'container' | 'image' | 'namespace';

/** What the command line itself knows of the next word, and which of the daemon's things may come. */
export function candidatesFor(words: readonly string[]): {
  readonly candidates: readonly string[];
  readonly kind: Kind | undefined;
  /** Where the line goes so far: names are asked for there. */
  readonly globals: GlobalOptions;
} {
  const before = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  let command = createProgram(async () => {}, '');
  let pending: Command['options'][number] | undefined;
  let count = 0;
  const globals: Record<string, string> = {};
  // `--namespace=ci` as two words; bash alone would make three of it.
  const parts = before.flatMap((word) => {
    const [, long, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    return long === undefined || value === undefined ? [word] : [long, value];
  });
  for (const word of parts) {
    if (pending !== undefined && word === '=') continue;
    if (pending !== undefined) {
      if (command.parent === null) globals[pending.attributeName()] = word;
      pending = undefined;
    } else if (word.startsWith('-')) {
      const option = command.options.find(({ short, long }) => short === word || long === word);
      pending = option?.required ? option : undefined;
    } else {
      const child = command.commands.find(
        (one) => count === 0 && (one.name() === word || one.aliases().includes(word)),
      );
      if (child === undefined) count += 1;
      else command = child;
    }
  }
  if (pending !== undefined) {
    const kind = pending.long === '--namespace' ? 'namespace' : undefined;
    return { candidates: pending.argChoices ?? [], kind, globals };
  }
  if (last.startsWith('-')) {
    const visible = command.options.filter(({ hidden }) => !hidden);
    const candidates = visible.map(({ long, short }) => long ?? short ?? '');
    return { candidates, kind: undefined, globals };
  }
  const { registeredArguments: taken } = command;
  const argument = taken[count] ?? (taken.at(-1)?.variadic ? taken.at(-1) : undefined);
  const children = command.createHelp().visibleCommands(command);
  const candidates = children.map((child) => child.name());
  return { candidates, kind: kindOf(argument?.name()), globals };
}

function kindOf(argument: string | undefined): Kind | undefined {
  return argument === 'container' || argument === 'image' ? argument : undefined;
}

/** A shell waits for this with every press of a key: better nothing than late. */
const patienceMs = 1_000;

async function namesOf(
  kind: Kind,
  globals: GlobalOptions,
  interrupted: AbortSignal,
): Promise<string[]> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(patienceMs)]);
  try {
    const settings = settingsOf(globals, process.env, await readConfig());
    await using client = await connectAll(settings, {}, { signal, sweeps: false, transient: true });
    if (kind === 'container') return (await client.listContainers({ signal })).map(nameOf);
    if (kind === 'image') return (await client.listImages({ signal })).map(({ name }) => name);
    return (await client.listNamespaces({ signal })).map(({ name }) => name);
  } catch {
    return [];
  }
}

const scripts: Readonly<Record<string, string>> = {
  bash: `_ctrd() {
  local IFS=$'\\n' words cword cur
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n =: -w words -i cword cur
  else
    words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]}
  fi
  COMPREPLY=($(ctrd __complete -- "\${words[@]:1:cword}" 2>/dev/null))
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -o default -F _ctrd ctrd
`,
  zsh: `#compdef ctrd
_ctrd() {
  local -a found
  found=("\${(@f)$(ctrd __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found || _files
}
compdef _ctrd ctrd
`,
  fish: `complete -c ctrd -f -a '(ctrd __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
