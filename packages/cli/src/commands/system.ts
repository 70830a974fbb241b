import { type CommandSpec, choice, flag, list, parsed } from '../command-spec.js';
import { parseDuration } from '../options/quantities.js';

const quiet = (what: string) => flag('-q, --quiet', `only their ${what}`);
const filter = list('-f, --filter <filter>', 'in containerd’s grammar');
const label = list('-l, --label <key=value>', 'label it');
const root = flag('--root <path>', 'the folder of the daemon').default('/var/lib/ctrd/daemon');

/** Commands on the daemon and its stores. */
export const systemCommands: readonly CommandSpec[] = [
  {
    usage: 'snapshot',
    description: 'Work with snapshots.',
    commands: [
      {
        usage: 'ls',
        description: 'List them.',
        options: [quiet('keys'), filter],
        prints: true,
        examples: ['ctrd snapshot ls', 'ctrd --snapshotter native snapshot ls -f kind==active'],
        load: async () => (await import('./snapshots.js')).snapshotList,
      },
      {
        usage: 'tree',
        description: 'Print what stands on what.',
        prints: true,
        examples: ['ctrd snapshot tree'],
        load: async () => (await import('./snapshots.js')).tree,
      },
      {
        usage: 'mounts <key>',
        description: 'Print the mounts of one.',
        prints: true,
        examples: ['ctrd snapshot mounts web'],
        load: async () => (await import('./snapshots.js')).mounts,
      },
      {
        usage: 'usage <key>',
        description: 'Print what one takes.',
        options: [flag('--with-parents', 'with all it stands on')],
        prints: true,
        examples: ['ctrd snapshot usage web'],
        load: async () => (await import('./snapshots.js')).usage,
      },
      {
        usage: 'rm <key...>',
        description: 'Remove some.',
        options: [flag('-f, --force', 'also when a task uses it')],
        examples: ['ctrd snapshot rm old'],
        load: async () => (await import('./snapshots.js')).remove,
      },
    ],
  },
  {
    usage: 'content',
    description: 'Work with the blobs that images are made of.',
    commands: [
      {
        usage: 'ls',
        description: 'List them.',
        options: [quiet('digests'), filter],
        prints: true,
        examples: ['ctrd content ls'],
        load: async () => (await import('./content.js')).contentList,
      },
      {
        usage: 'get <digest>',
        description: 'Write one to our output, and verify it.',
        examples: ['ctrd content get sha256:4c5a… | jq .'],
        load: async () => (await import('./content.js')).contentGet,
      },
      {
        usage: 'rm <digest...>',
        description: 'Remove some.',
        examples: ['ctrd content rm sha256:4c5a…'],
        load: async () => (await import('./content.js')).contentRemove,
      },
    ],
  },
  {
    usage: 'namespace',
    description: 'Work with namespaces.',
    commands: [
      {
        usage: 'ls',
        description: 'List them.',
        options: [quiet('names')],
        prints: true,
        examples: ['ctrd namespace ls'],
        loadDaemon: async () => (await import('./namespaces.js')).namespaceList,
      },
      {
        usage: 'create <name>',
        description: 'Make one.',
        options: [label],
        examples: ['ctrd namespace create ci'],
        loadDaemon: async () => (await import('./namespaces.js')).namespaceCreate,
      },
      {
        usage: 'rm <name...>',
        description: 'Remove empty ones.',
        options: [flag('--purge', 'end and remove everything in them first, whosever it is')],
        examples: ['ctrd namespace rm ci', 'ctrd namespace rm --purge ci'],
        loadDaemon: async () => (await import('./namespaces.js')).namespaceRemove,
      },
    ],
  },
  {
    usage: 'lease',
    description: 'Work with leases: what one holds is not collected as garbage.',
    commands: [
      {
        usage: 'ls',
        description: 'List them.',
        options: [quiet('ids'), filter],
        prints: true,
        examples: ['ctrd lease ls'],
        loadDaemon: async () => (await import('./namespaces.js')).leaseList,
      },
      {
        usage: 'create [id]',
        description: 'Make one, and print its id.',
        options: [parsed('--expires <span>', 'such as 90m (default: 24h)', parseDuration), label],
        examples: ['ctrd lease create --expires 1h'],
        loadDaemon: async () => (await import('./namespaces.js')).leaseCreate,
      },
      {
        usage: 'rm <id...>',
        description: 'Remove some.',
        options: [flag('--sync', 'wait until the daemon has collected what nothing refers to')],
        examples: ['ctrd lease rm l1'],
        loadDaemon: async () => (await import('./namespaces.js')).leaseRemove,
      },
    ],
  },
  {
    usage: 'events',
    description: 'Print what happens, as it happens.',
    options: [
      list('-f, --filter <filter>', `in containerd’s grammar, such as topic=="/tasks/exit"`),
      flag('--all-namespaces', 'not only in this namespace'),
    ],
    prints: true,
    examples: ['ctrd events', `ctrd events -o json -f 'topic=="/tasks/exit"'`],
    loadDaemon: async () => (await import('./system-info.js')).events,
  },
  {
    usage: 'info',
    description: 'Print what the daemon is and has.',
    prints: true,
    examples: ['ctrd info', "ctrd info --format '{{.snapshotters}}'"],
    load: async () => (await import('./system-info.js')).info,
  },
  {
    usage: 'version',
    description: 'Print the versions of ctrd and of the daemon.',
    prints: true,
    examples: ['ctrd version'],
    loadDaemon: async () => (await import('./system-info.js')).version,
  },
  {
    usage: 'plugins',
    description: "List the daemon's plugins.",
    options: [filter],
    prints: true,
    examples: ['ctrd plugins -f type==io.containerd.snapshotter.v1'],
    loadDaemon: async () => (await import('./system-info.js')).plugins,
  },
  {
    usage: 'doctor',
    description: 'Look for what nobody seems to need any more; 1 when there is something.',
    prints: true,
    examples: ['ctrd doctor', 'ctrd doctor -o json'],
    sweeps: true,
    load: async () => (await import('./care.js')).doctor,
  },
  {
    usage: 'sweep',
    description: 'Remove what clients that have died left behind.',
    options: [
      flag('--dry-run', 'only tell what it would remove'),
      list('--kind <kind>', 'only these, such as lease or mount'),
      flag('--unowned', 'also what names no owner, such as other programs’ things'),
      parsed('--older-than <span>', 'only what is older, such as 1h', parseDuration),
    ],
    prints: true,
    examples: ['ctrd sweep --dry-run', 'ctrd sweep --kind mount'],
    sweeps: true,
    load: async () => (await import('./care.js')).sweep,
  },
  {
    usage: 'daemon',
    description: 'Work with a containerd of our own, beside any other.',
    commands: [
      {
        usage: 'start',
        description: 'Start it, or find it running, and print its address.',
        options: [
          root,
          flag('--containerd <path>', 'the program (default: containerd in PATH)'),
          choice('--log-level <level>', 'how much it logs', [
            ...['trace', 'debug', 'info', 'warn', 'error'],
          ]),
          flag('--foreground', 'stay, start it again when it crashes, stop it at the end'),
        ],
        prints: true,
        examples: ['ctrd daemon start', 'ctrd daemon start --root /srv/ctrd --foreground'],
        loadLocal: async () => (await import('./daemon.js')).daemonStart,
      },
      {
        usage: 'stop',
        description: 'Stop it; its containers go on running.',
        options: [root],
        examples: ['ctrd daemon stop'],
        loadLocal: async () => (await import('./daemon.js')).daemonStop,
      },
      {
        usage: 'status',
        description: 'Print where it serves; fails when it does not.',
        options: [root],
        prints: true,
        examples: [
          'ctrd daemon status',
          "ctrd -a $(ctrd daemon status --format '{{.address}}') ps",
        ],
        loadLocal: async () => (await import('./daemon.js')).daemonStatus,
      },
    ],
  },
  {
    usage: 'context',
    description: 'Work with contexts: addresses and namespaces under a name.',
    commands: [
      {
        usage: 'ls',
        description: 'List them.',
        prints: true,
        examples: ['ctrd context ls'],
        loadLocal: async () => (await import('./contexts.js')).contextList,
      },
      {
        usage: 'create <name>',
        description: 'Make one.',
        options: [
          flag('--address <path>', "containerd's socket"),
          flag('--namespace <name>', 'the namespace'),
          flag('--snapshotter <name>', 'the snapshotter'),
        ],
        examples: ['ctrd context create k8s --namespace k8s.io'],
        loadLocal: async () => (await import('./contexts.js')).contextCreate,
      },
      {
        usage: 'use <name>',
        description: 'Use one from now on.',
        examples: ['ctrd context use k8s'],
        loadLocal: async () => (await import('./contexts.js')).contextUse,
      },
      {
        usage: 'rm <name>',
        description: 'Remove one.',
        examples: ['ctrd context rm k8s'],
        loadLocal: async () => (await import('./contexts.js')).contextRemove,
      },
    ],
  },
  {
    usage: 'completion <shell>',
    description: 'Print what completes ctrd in bash, zsh or fish.',
    examples: [
      'source <(ctrd completion bash)',
      'ctrd completion zsh > /usr/share/zsh/vendor-completions/_ctrd',
      'ctrd completion fish > ~/.config/fish/completions/ctrd.fish',
    ],
    loadLocal: async () => (await import('./completion.js')).completion,
  },
  {
    usage: '__complete [words...]',
    description: 'What may come next, for the shells.',
    passThrough: true,
    hidden: true,
    loadLocal: async () => (await import('./completion.js')).complete,
  },
];
