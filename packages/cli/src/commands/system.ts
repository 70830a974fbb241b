import { type CommandSpec, flag, list } from '../command-spec.js';

/** Commands on the daemon and its stores. */
export const systemCommands: readonly CommandSpec[] = [
  {
    usage: 'version',
    description: 'Print the versions of ctrd and of the daemon.',
    examples: ['ctrd version'],
    load: async () => (await import('./daemon.js')).version,
  },
  {
    usage: 'plugins',
    description: "List the daemon's plugins.",
    examples: ['ctrd plugins'],
    load: async () => (await import('./daemon.js')).plugins,
  },
  {
    usage: 'events',
    description: 'Print what happens, as it happens.',
    options: [
      list('-f, --filter <filter>', `containerd's filters, such as topic=="/tasks/exit"`),
      flag('--all-namespaces', 'not only in this namespace'),
    ],
    examples: ['ctrd events', `ctrd -o json events -f 'topic=="/tasks/exit"'`],
    load: async () => (await import('./daemon.js')).events,
  },
  {
    usage: 'namespace',
    description: 'Work with namespaces.',
    commands: [
      {
        usage: 'ls',
        description: 'List them.',
        load: async () => (await import('./daemon.js')).namespaceList,
      },
      {
        usage: 'create <name>',
        description: 'Make one.',
        load: async () => (await import('./daemon.js')).namespaceCreate,
      },
      {
        usage: 'rm <name>',
        description: 'Remove an empty one.',
        load: async () => (await import('./daemon.js')).namespaceRemove,
      },
    ],
  },
  {
    usage: 'snapshot',
    description: 'Work with snapshots.',
    commands: [
      {
        usage: 'ls',
        description: 'List them.',
        load: async () => (await import('./snapshots.js')).snapshotList,
      },
      {
        usage: 'tree',
        description: 'Print what stands on what.',
        load: async () => (await import('./snapshots.js')).tree,
      },
      {
        usage: 'mounts <key>',
        description: 'Print the mounts of one.',
        load: async () => (await import('./snapshots.js')).mounts,
      },
      {
        usage: 'usage <key>',
        description: 'Print what one takes.',
        load: async () => (await import('./snapshots.js')).usage,
      },
      {
        usage: 'rm <key>',
        description: 'Remove one.',
        options: [flag('-f, --force', 'also when a task uses it')],
        load: async () => (await import('./snapshots.js')).remove,
      },
    ],
  },
];
