import { bytes, type CommandSpec, flag, list, number } from '../command-spec.js';

const streams = [
  flag('-i, --interactive', 'give it our input'),
  flag('-t, --tty', 'give it a terminal'),
];

const identity = [
  list('-e, --env <NAME=value>', 'set a variable; NAME alone takes ours'),
  flag('-w, --workdir <path>', 'the working folder'),
  flag('-u, --user <user[:group]>', 'who it runs as, names or numbers'),
];

const runOptions = [
  ...streams,
  ...identity,
  flag('--name <id>', 'its id (default: a random one)'),
  flag('-d, --detach', 'leave it running and print its id'),
  flag('--rm', 'remove it when it has ended'),
  flag('--entrypoint <program>', "replace the image's entrypoint"),
  list('-l, --label <key=value>', 'label it'),
  list('--annotation <key=value>', 'annotate its spec'),
  list('--env-file <path>', 'set the variables in a file'),
  list('-v, --volume <source:destination[:ro]>', 'bind a folder of the host'),
  list('--tmpfs <path[:size=64m]>', 'a file system in memory'),
  bytes('-m, --memory <size>', 'limit its memory, such as 512m'),
  number('--cpus <count>', 'limit its CPU time, such as 1.5'),
  number('--pids-limit <count>', 'limit its processes'),
  list('--cap-add <name>', 'give a capability, or ALL'),
  list('--cap-drop <name>', 'take a capability away, or ALL'),
  list('--security-opt <option>', 'seccomp=unconfined, no-new-privileges=false, apparmor=PROFILE'),
  list('--ulimit <name=soft[:hard]>', 'limit a resource, such as nofile=1024'),
  flag('--privileged', 'nearly all that root on the host may do'),
  flag('--read-only', 'its root file system cannot be written to'),
  flag('--hostname <name>', 'its host name'),
  flag('--net <mode>', 'host shares our network (default: none)'),
  flag('--restart <policy>', 'always, unless-stopped or on-failure[:count]'),
  flag('--runtime <name>', "the runtime (default: runc's)"),
  flag('--stop-signal <name>', 'what stops it'),
];

/** Commands on containers. */
export const containerCommands: readonly CommandSpec[] = [
  {
    usage: 'run <image> [args...]',
    description: "Run a container. Its exit code is this command's.",
    options: runOptions,
    passThrough: true,
    forwardsSignals: true,
    examples: [
      'ctrd run --rm -it docker.io/library/alpine sh',
      'echo hi | ctrd run --rm -i docker.io/library/alpine cat',
      'ctrd run -d --name web -m 256m --cpus 0.5 docker.io/library/nginx',
    ],
    load: async () => (await import('./run.js')).run,
  },
  {
    usage: 'exec <container> <args...>',
    description: "Run a program in a running container. Its exit code is this command's.",
    options: [...streams, ...identity, flag('-d, --detach', 'do not wait for it')],
    passThrough: true,
    forwardsSignals: true,
    examples: ['ctrd exec -it web sh', 'ctrd exec -u app web id'],
    load: async () => (await import('./exec.js')).exec,
  },
  {
    usage: 'ps',
    description: 'List containers that run.',
    options: [
      flag('-a, --all', 'also those that do not'),
      flag('-q, --quiet', 'only their ids'),
      list('-f, --filter <filter>', "containerd's filters, such as image~=alpine"),
    ],
    examples: ['ctrd ps -a', 'ctrd -o json ps'],
    load: async () => (await import('./ps.js')).ps,
  },
  {
    usage: 'rm <container...>',
    description: 'Remove containers.',
    options: [
      flag('-f, --force', 'end those that run'),
      number('--time <seconds>', 'between the stop signal and SIGKILL').default(10),
    ],
    examples: ['ctrd rm web', 'ctrd rm --force $(ctrd ps -aq)'],
    load: async () => (await import('./lifecycle.js')).rm,
  },
  {
    usage: 'stop <container...>',
    description: 'Stop containers: the stop signal, then SIGKILL.',
    options: [number('-t, --time <seconds>', 'between the two').default(10)],
    examples: ['ctrd stop web'],
    load: async () => (await import('./lifecycle.js')).stop,
  },
  {
    usage: 'kill <container...>',
    description: 'Send a signal to containers.',
    options: [flag('-s, --signal <name>', 'which one').default('SIGKILL')],
    examples: ['ctrd kill -s HUP web'],
    load: async () => (await import('./lifecycle.js')).kill,
  },
  {
    usage: 'pause <container...>',
    description: 'Freeze the processes of containers.',
    examples: ['ctrd pause web'],
    load: async () => (await import('./lifecycle.js')).pause,
  },
  {
    usage: 'unpause <container...>',
    description: 'Let them go on.',
    examples: ['ctrd unpause web'],
    load: async () => (await import('./lifecycle.js')).unpause,
  },
  {
    usage: 'wait <container...>',
    description: 'Wait until containers have ended, and print their exit codes.',
    examples: ['ctrd wait web'],
    load: async () => (await import('./lifecycle.js')).wait,
  },
  {
    usage: 'attach <container>',
    description: "Connect with a running container's input and output.",
    forwardsSignals: true,
    examples: ['ctrd attach job'],
    load: async () => (await import('./attach.js')).attach,
  },
  {
    usage: 'logs <container>',
    description: 'Print the output of a container that was run with --detach.',
    options: [flag('-f, --follow', 'go on until it has ended')],
    examples: ['ctrd logs -f web'],
    load: async () => (await import('./logs.js')).logs,
  },
  {
    usage: 'inspect <container...>',
    description: 'Print all that is known of containers, as JSON.',
    examples: ['ctrd inspect web'],
    load: async () => (await import('./ps.js')).inspect,
  },
  {
    usage: 'top <container>',
    description: 'List the processes of a container.',
    examples: ['ctrd top web'],
    load: async () => (await import('./ps.js')).top,
  },
  {
    usage: 'stats [container...]',
    description: 'Print what containers use (all that run, unless named).',
    examples: ['ctrd stats', 'ctrd -o json stats web'],
    load: async () => (await import('./stats.js')).stats,
  },
  {
    usage: 'update <container...>',
    description: 'Change the limits of running containers.',
    options: [
      bytes('-m, --memory <size>', 'limit their memory, such as 512m'),
      number('--cpus <count>', 'limit their CPU time'),
      number('--pids-limit <count>', 'limit their processes'),
    ],
    examples: ['ctrd update -m 512m web'],
    load: async () => (await import('./lifecycle.js')).update,
  },
];
