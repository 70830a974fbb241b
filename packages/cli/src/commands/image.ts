import { type CommandSpec, flag } from '../command-spec.js';

/** Commands on images. */
export const imageCommands: readonly CommandSpec[] = [
  {
    usage: 'images',
    description: 'List images.',
    options: [flag('-q, --quiet', 'only their names')],
    examples: ['ctrd images', 'ctrd -o json images'],
    load: async () => (await import('./images.js')).images,
  },
  {
    usage: 'import <file>',
    alias: 'load',
    description: 'Import the images of an archive (OCI layout or docker save); - reads our input.',
    examples: ['ctrd import image.tar', 'docker save app | ctrd import -'],
    load: async () => (await import('./images.js')).importImages,
  },
  {
    usage: 'tag <image> <name>',
    description: 'Give an image another name.',
    examples: ['ctrd tag app:1 registry.example/app:1'],
    load: async () => (await import('./images.js')).tag,
  },
  {
    usage: 'rmi <image...>',
    description: 'Remove images.',
    examples: ['ctrd rmi app:1'],
    load: async () => (await import('./images.js')).rmi,
  },
];
