import { type CommandSpec, choice, flag, list, parsed } from '../command-spec.js';
import { parseBytes, parseMoment, parseNumber, parseTail } from '../options/quantities.js';

const streams = [
  flag('-i, --interactive', 'give it our input'),
  flag('-t, --tty', 'give it a terminal'),
  flag('--detach-keys <keys>', 'leave it with these keys (default: ctrl-p,ctrl-q)'),
];

const identity = [
  list('-e, --env <NAME=value>', 'set a variable; NAME alone takes ours'),
  list('--env-file <path>', 'set the variables in a file'),
  flag('-w, --workdir <path>', 'the working folder'),
  flag('-u, --user <user[:group]>', 'who it runs as, names or numbers'),
];

const limits = [
  parsed('-m, --memory <size>', 'limit its memory, such as 512m', parseBytes),
  parsed('--memory-reservation <size>', 'what it keeps when memory is short', parseBytes),
  parsed('--cpus <count>', 'limit its CPU time, such as 1.5', parseNumber),
  parsed('--cpu-shares <weight>', 'its share when CPUs are busy (1024 is usual)', parseNumber),
  flag('--cpuset-cpus <list>', 'the CPUs it may run on, such as 0-2,4'),
  parsed('--pids-limit <count>', 'limit its processes', parseNumber),
];

const makeOptions = [
  ...streams,
  ...identity,
  flag('--rm', 'remove it when it has ended'),
  flag('--name <id>', 'its id (default: a random one)'),
  flag('--entrypoint <program>', "replace the image's entrypoint"),
  list('-l, --label <key=value>', 'label it'),
  list('--annotation <key=value>', 'annotate its spec'),
  list('-v, --volume <source:destination[:ro]>', 'bind a folder of the host'),
  list('--mount <type=bind,source=…,target=…>', 'bind a folder, or a tmpfs'),
  list('--tmpfs <path[:size=64m]>', 'a file system in memory'),
  ...limits,
  list('--cap-add <name>', 'give a capability, or ALL'),
  list('--cap-drop <name>', 'take a capability away, or ALL'),
  list('--security-opt <option>', 'seccomp=unconfined, no-new-privileges=false, apparmor=PROFILE'),
  list('--ulimit <name=soft[:hard]>', 'limit a resource, such as nofile=1024'),
  list('--sysctl <name=value>', 'set a kernel parameter of its namespaces'),
  list('--device <path[:path]>', 'give it a device of the host'),
  flag('--privileged', 'nearly all that root on the host may do'),
  flag('--read-only', 'its root file system cannot be written to'),
  flag('--hostname <name>', 'its host name'),
  flag('--net, --network <mode>', 'host shares our network (default: none)'),
  flag('--pid <mode>', 'host shares our processes (default: private)'),
  flag('--ipc <mode>', 'host shares our IPC (default: private)'),
  flag('--restart <policy>', 'no, always, unless-stopped or on-failure[:count]'),
  choice('--pull <when>', 'fetch the image first', ['always', 'missing', 'never']).default(
    'missing',
  ),
  flag('--platform <os/arch>', "which of an image's platforms"),
  flag('--runtime <name>', "the runtime (default: runc's)"),
  flag(
    '--log-driver <name>',
    'how its output is kept: file (usual), json-file (with times) or none',
  ),
  flag('--stop-signal <name>', 'what stops it'),
  parsed('--stop-timeout <seconds>', 'between the stop signal and SIGKILL', parseNumber),
];

/** Commands on containers. */
export const containerCommands: readonly CommandSpec[] = [
  {
    usage: 'run <image> [args...]',
    description: "Run a container. Its exit code is this command's.",
    options: [flag('-d, --detach', 'leave it running and print its id'), ...makeOptions],
    passThrough: true,
    examples: [
      'ctrd run --rm -it docker.io/library/alpine sh',
      'echo hi | ctrd run --rm -i docker.io/library/alpine cat',
      'ctrd run -d --name web -m 256m --cpus 0.5 docker.io/library/nginx',
      'ctrd run --rm -v ./src:/src:ro -w /src docker.io/library/node npm test',
    ],
    load: async () => (await import('./run.js')).run,
  },
  {
    usage: 'create <image> [args...]',
    description: 'Make a container and leave the start to ctrd start; prints its id.',
    options: makeOptions,
    passThrough: true,
    examples: ['ctrd create --name job docker.io/library/alpine sleep 60', 'ctrd start job'],
    load: async () => (await import('./create.js')).create,
  },
  {
    usage: 'start <container...>',
    description: 'Start containers that were made with ctrd create, or have ended.',
    options: [
      flag('-a, --attach', 'show its output and end as it does'),
      ...streams.filter(({ long }) => long !== '--tty'),
    ],
    examples: ['ctrd start job', 'ctrd start -a job'],
    load: async () => (await import('./start.js')).start,
  },
  {
    usage: 'exec <container> <args...>',
    description: "Run a program in a running container. Its exit code is this command's.",
    options: [...streams, ...identity, flag('-d, --detach', 'do not wait for it')],
    passThrough: true,
    examples: ['ctrd exec -it web sh', 'ctrd exec -u app web id'],
    load: async () => (await import('./exec.js')).exec,
  },
  {
    usage: 'attach <container>',
    description: "Connect with a running container's input and output.",
    options: [
      flag('--no-stdin', 'only its output'),
      flag('--detach-keys <keys>', 'leave it with these keys (default: ctrl-p,ctrl-q)'),
    ],
    examples: ['ctrd attach job'],
    load: async () => (await import('./attach.js')).attach,
  },
  {
    usage: 'ps',
    description: 'List containers that run, the newest first.',
    options: [
      flag('-a, --all', 'also those that do not'),
      flag('-q, --quiet', 'only their ids'),
      parsed('-n, --last <count>', 'only the newest, running or not', parseNumber),
      flag('-l, --latest', 'only the newest one, running or not'),
      list(
        '-f, --filter <filter>',
        'id=, name=, status=, label=, ancestor=, exited=, or in containerd’s grammar',
      ),
    ],
    prints: true,
    examples: [
      'ctrd ps -a',
      'ctrd ps -o json',
      "ctrd ps --format '{{.name}}: {{.status}}'",
      'ctrd ps -f status=exited -f label=team=ci',
      `ctrd ps -f 'image~="alpine"'`,
    ],
    load: async () => (await import('./ps.js')).ps,
  },
  {
    usage: 'logs <container>',
    description: 'Print the output of a container that runs detached, also of nerdctl and Docker.',
    options: [
      flag('-f, --follow', 'go on until it has ended'),
      parsed('-n, --tail <lines>', 'only the last lines, or all', parseTail),
      parsed('--since <time>', 'only what was written since', (text) => parseMoment(text)),
      parsed('--until <time>', 'only what was written until', (text) => parseMoment(text)),
      flag('-t, --timestamps', 'with the time of each line'),
    ],
    examples: ['ctrd logs -f web', 'ctrd logs --tail 20 web', 'ctrd -n moby logs --since 10m web'],
    load: async () => (await import('./logs.js')).logs,
  },
  {
    usage: 'inspect <container...>',
    description: 'Print all that is known of containers, or of images, as JSON.',
    options: [flag('--format <template>', 'a template such as {{.status}}')],
    examples: ['ctrd inspect web', "ctrd inspect --format '{{.snapshotKey}}' web"],
    load: async () => (await import('./inspect.js')).inspect,
  },
  {
    usage: 'top <container>',
    description: 'List the processes of a container.',
    prints: true,
    examples: ['ctrd top web'],
    load: async () => (await import('./inspect.js')).top,
  },
  {
    usage: 'stats [container...]',
    description: 'Show what containers use (all that run, unless named): live on a terminal.',
    options: [
      flag('--no-stream', 'look once'),
      parsed(
        '--interval <seconds>',
        'between two looks',
        (text) => parseNumber(text) * 1000,
      ).default(1000, '1'),
    ],
    prints: true,
    examples: ['ctrd stats', 'ctrd stats --no-stream -o json web'],
    load: async () => (await import('./stats.js')).stats,
  },
  {
    usage: 'stop <container...>',
    description: 'Stop containers: the stop signal, then SIGKILL.',
    options: [
      parsed('-t, --time <seconds>', 'between the two (default: its own, or 10)', parseNumber),
      flag('-s, --signal <name>', 'the first signal (default: its own, or SIGTERM)'),
    ],
    examples: ['ctrd stop web', 'ctrd stop -t 60 web db'],
    load: async () => (await import('./lifecycle.js')).stop,
  },
  {
    usage: 'restart <container...>',
    description: 'Stop containers and start them again; one that has ended is only started.',
    options: [
      parsed('-t, --time <seconds>', 'before SIGKILL (default: its own, or 10)', parseNumber),
      flag('-s, --signal <name>', 'the first signal (default: its own, or SIGTERM)'),
    ],
    examples: ['ctrd restart web'],
    load: async () => (await import('./start.js')).restart,
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
    usage: 'update <container...>',
    description: 'Change the limits of running containers.',
    options: limits,
    examples: ['ctrd update -m 512m web', 'ctrd update --cpus 2 --pids-limit 100 web db'],
    load: async () => (await import('./lifecycle.js')).update,
  },
  {
    usage: 'rename <container> <name>',
    description: 'Call a container otherwise; its id stays.',
    examples: ['ctrd rename 0f3a web'],
    load: async () => (await import('./rename.js')).rename,
  },
  {
    usage: 'cp <source> <target>',
    transient: true,
    description: 'Copy files out of a container or into it; - is a tar archive.',
    examples: [
      'ctrd cp web:/etc/nginx/nginx.conf .',
      'ctrd cp ./site web:/usr/share/nginx/html',
      'ctrd cp web:/var/log - | tar t',
    ],
    load: async () => (await import('./cp.js')).cp,
  },
  {
    usage: 'diff <container>',
    transient: true,
    description: 'List what a container has added (A), changed (C) and deleted (D) of its files.',
    prints: true,
    examples: ['ctrd diff web', 'ctrd diff -o json web'],
    load: async () => (await import('./diff.js')).diff,
  },
  {
    usage: 'commit <container> <image>',
    transient: true,
    description: 'Make an image of what a container has changed.',
    options: [
      flag('--author <text>', 'who made it'),
      flag('--message <text>', 'what for'),
      list('-c, --change <line>', 'change its config, such as CMD ["sh"] or ENV A=1'),
      flag('--no-pause', 'let it run meanwhile'),
    ],
    examples: ['ctrd commit web registry.example/web:2', `ctrd commit -c 'CMD ["sh"]' web web:2`],
    load: async () => (await import('./commit.js')).commit,
  },
  {
    usage: 'rm <container...>',
    description: 'Remove containers.',
    options: [
      flag('-f, --force', 'end those that run'),
      parsed('-t, --time <seconds>', 'between the stop signal and SIGKILL', parseNumber),
    ],
    examples: ['ctrd rm web', 'ctrd rm --force $(ctrd ps -aq)'],
    load: async () => (await import('./lifecycle.js')).rm,
  },
];
