import { type CommandSpec, flag, list, parsed } from '../command-spec.js';
import { parseDuration, parseNumber } from '../options/quantities.js';

const imagesCommand: CommandSpec = {
  usage: 'images [name]',
  description: 'List images: all, or those of a name.',
  options: [
    flag('-q, --quiet', 'only their names'),
    list('-f, --filter <filter>', 'in containerd’s grammar, such as name~=alpine'),
  ],
  prints: true,
  examples: [
    'ctrd images',
    'ctrd images alpine',
    'ctrd images -o json',
    "ctrd images -f 'name~=alpine'",
  ],
  load: async () => (await import('./images.js')).images,
};

const rmiCommand: CommandSpec = {
  usage: 'rmi <image...>',
  description: 'Remove images.',
  options: [
    flag('-f, --force', 'one that is not there is no failure'),
    flag('--sync', 'wait until the daemon has collected what nothing refers to'),
  ],
  examples: ['ctrd rmi app:1'],
  load: async () => (await import('./images.js')).rmi,
};

/** Commands on images. */
export const imageCommands: readonly CommandSpec[] = [
  {
    usage: 'pull <image>',
    transient: true,
    description: 'Fetch an image from its registry, and show how it goes.',
    options: [
      flag('-q, --quiet', 'print nothing'),
      flag('--platform <os/arch>', 'for which platform (default: this machine’s)'),
      flag('--all-platforms', 'for every platform that it has'),
      parsed('--concurrency <count>', 'blobs that are fetched at once (default: 4)', parseNumber),
    ],
    examples: ['ctrd pull alpine', 'ctrd pull --quiet registry.example/app:1'],
    load: async () => (await import('./pull.js')).pull,
  },
  {
    usage: 'push <image>',
    transient: true,
    description: 'Send an image to its registry: only what is not there yet.',
    options: [
      flag('-q, --quiet', 'print nothing'),
      flag('--to <name>', 'under another name'),
      flag('--platform <os/arch>', 'only this platform (default: all that the image has)'),
      parsed('--concurrency <count>', 'blobs that are sent at once (default: 3)', parseNumber),
    ],
    examples: ['ctrd push registry.example/app:1', 'ctrd push --to registry.example/app:1 app:1'],
    load: async () => (await import('./push.js')).push,
  },
  imagesCommand,
  {
    usage: 'import [file]',
    transient: true,
    alias: 'load',
    description: 'Import the images of an archive (OCI layout or docker save); - is our input.',
    options: [
      flag('-i, --input <file>', 'where from (default: our input)'),
      flag('--name <name>', 'what to call the image'),
      flag('-q, --quiet', 'print nothing'),
    ],
    prints: true,
    examples: ['ctrd import image.tar', 'docker save app | ctrd load'],
    load: async () => (await import('./images.js')).importImages,
  },
  {
    usage: 'export <image...>',
    transient: true,
    alias: 'save',
    description: 'Write images as an archive that docker load and podman load read as well.',
    options: [
      flag('-o, --output <file>', 'where to (default: our output)'),
      flag('--platform <os/arch>', 'which of the platforms'),
      flag('--all-platforms', 'all that the image has'),
    ],
    examples: ['ctrd export -o app.tar app:1', 'ctrd save app:1 | ssh host ctrd load'],
    load: async () => (await import('./archives.js')).exportImages,
  },
  {
    usage: 'history <image>',
    description: 'Print how an image was made, the newest step first.',
    options: [flag('--platform <os/arch>', 'for which platform')],
    prints: true,
    examples: ['ctrd history alpine'],
    load: async () => (await import('./images.js')).history,
  },
  {
    usage: 'tag <image> <name>',
    description: 'Give an image another name.',
    examples: ['ctrd tag app:1 registry.example/app:1'],
    load: async () => (await import('./images.js')).tag,
  },
  rmiCommand,
  {
    usage: 'login [registry]',
    description: 'Store a name and password for a registry, where docker stores them too.',
    options: [
      flag('-u, --username <name>', 'who; asked for otherwise'),
      flag('--password-stdin', 'read the password from our input; asked for otherwise'),
    ],
    examples: [
      'ctrd login registry.example',
      'echo $TOKEN | ctrd login -u me --password-stdin ghcr.io',
    ],
    loadLocal: async () => (await import('./login.js')).login,
  },
  {
    usage: 'logout [registry]',
    description: 'Forget them.',
    examples: ['ctrd logout registry.example'],
    loadLocal: async () => (await import('./login.js')).logout,
  },
  {
    usage: 'image',
    description: 'Work with images.',
    commands: [
      { ...imagesCommand, usage: 'ls [name]', examples: ['ctrd image ls'] },
      {
        usage: 'inspect <image...>',
        description: 'Print all that is known of images, as JSON.',
        options: [
          flag('--format <template>', 'a template such as {{.digest}}'),
          flag('--platform <os/arch>', 'for which platform'),
        ],
        examples: ['ctrd image inspect alpine'],
        load: async () => (await import('./images.js')).imageInspect,
      },
      { ...rmiCommand, usage: 'rm <image...>', examples: ['ctrd image rm app:1'] },
      {
        usage: 'prune',
        description: 'Remove images that no name and no container needs.',
        options: [
          flag('-a, --all', 'also those with a name, when no container uses them'),
          parsed(
            '--older-than <span>',
            'only what came here before that, such as 7d',
            parseDuration,
          ),
          list('-f, --filter <filter>', 'in containerd’s grammar'),
          flag('--dry-run', 'only tell what it would remove'),
        ],
        prints: true,
        examples: ['ctrd image prune --dry-run', 'ctrd image prune -a --older-than 7d'],
        load: async () => (await import('./images.js')).prune,
      },
    ],
  },
];
