import type { Line } from '../matrix/index.js';

/** A fault, and where it is shown what comes of it, or why it is not. */
export interface FaultScenario {
  readonly fault: string;
  readonly outcome: string;
  /** File and name of the test, or a part of the name; `%s` stands for anything. */
  readonly shownBy?: { readonly file: string; readonly test: string };
  /** Where the test runs. Default: on every line, or on none for a unit test. */
  readonly lines?: readonly Line[];
  readonly notShown?: string;
}

const daemon = 'e2e/faults/daemon.e2e.test.ts';
const host = 'e2e/faults/host.e2e.test.ts';
const shim = 'e2e/faults/shim.e2e.test.ts';
const process = 'e2e/faults/process.e2e.test.ts';
const events = 'e2e/faults/events.e2e.test.ts';
const connection = 'e2e/faults/connection.e2e.test.ts';
const hostile = 'e2e/images-pull-hostile.e2e.test.ts';

export const faultScenarios: readonly FaultScenario[] = [
  {
    fault: 'containerd is killed or stopped, and comes back',
    outcome: 'containers go on, pending waits end once, with the true codes',
    shownBy: { file: daemon, test: 'and comes back: containers and what runs in them go on' },
  },
  {
    fault: 'a process ends while containerd is down',
    outcome: 'its true code, told at once: the shim says it',
    shownBy: { file: daemon, test: 'and a container ends meanwhile' },
  },
  {
    fault: 'the same, and containerd is down for a minute',
    outcome: 'the same: the shim gives up its events after 15 s, but answers as long as it lives',
    notShown:
      'longer than every run may take: `CTRD_LONG=1` adds it to those of daemon.e2e.test.ts',
  },
  {
    fault: 'containerd is not there at the first call',
    outcome: '`unavailable` with reason `missing`, `refused` or `forbidden`',
    shownBy: {
      file: 'e2e/core.e2e.test.ts',
      test: 'is told by its reason, and reached again when it is back',
    },
  },
  {
    fault: 'containerd is frozen (SIGSTOP)',
    outcome: 'calls end at their time limit, watches go on, nothing is done twice',
    shownBy: { file: daemon, test: 'calls end at their time limit, watches go on' },
  },
  {
    fault: 'containerd is killed twenty times under load',
    outcome: 'no call hangs, no stream is lost',
    shownBy: { file: 'e2e/pool.e2e.test.ts', test: 'hangs no call and loses no stream' },
  },
  {
    fault: 'containerd is upgraded over the same root, from 1.6 to 1.7 to 2.1',
    outcome:
      'containers go on; what ends meanwhile is told; the new line runs in the old one’s containers',
    shownBy: {
      file: 'e2e/faults/upgrade.e2e.test.ts',
      test: 'an upgrade over the same root, line by line',
    },
    lines: ['2.1'],
  },
  {
    fault: 'the socket is removed while containerd lives',
    outcome: 'who is connected goes on, who comes is told `missing`, until it is back',
    shownBy: {
      file: daemon,
      test: 'who is connected goes on, who comes is told that it is missing',
    },
  },
  {
    fault: 'containerd is killed while containers are made',
    outcome: 'each call succeeds or fails for good, and undoes what it did',
    shownBy: { file: daemon, test: 'each call succeeds or fails for good' },
  },
  {
    fault: 'containerd is killed while processes are started',
    outcome: 'none is started twice, which would break the shim',
    shownBy: { file: daemon, test: 'none is started twice, all ends are told' },
  },
  {
    fault: 'the answer to the creation of a container is lost',
    outcome: 'it is made for good or undone, never started twice',
    shownBy: { file: connection, test: 'of a container: it is made for good or undone' },
  },
  {
    fault: 'the answer to the start of a process is lost',
    outcome: 'it runs once or not at all, and its shim survives',
    shownBy: { file: connection, test: 'of a process: it runs once, or not at all' },
  },
  {
    fault: 'the answer to the removal of a container is lost',
    outcome: 'it is gone, at the latest with the next call',
    shownBy: { file: connection, test: 'of a container that is destroyed: it is gone' },
  },
  {
    fault: 'a connection is ended for too many pings',
    outcome:
      'calls and watches go on over a new one; ctrd itself sends no pings, and has no setting for it',
    shownBy: { file: connection, test: 'that another made: watches and calls go on' },
  },
  {
    fault: 'GOAWAY, RST_STREAM, broken answers',
    outcome: 'unseen where nothing was lost, else an error with a code',
    shownBy: {
      file: 'packages/core/test/transport/broken-server.test.ts',
      test: 'goes on to a new connection when the server says that it goes away',
    },
  },
  {
    fault: 'a shim is killed',
    outcome: '`lost`, 255, once; the id can be used again',
    shownBy: { file: shim, test: 'the exit is lost, told once, with 255 and a reason' },
  },
  {
    fault: 'a shim is killed while containerd is down',
    outcome: '`lost`, 255, once, when containerd is back',
    shownBy: { file: shim, test: 'while the daemon is away: lost as well' },
  },
  {
    fault: 'a shim of several containers outlives the first',
    outcome: 'the end of another that waits in it is told, with its true code',
    shownBy: { file: shim, test: 'of which the first is destroyed' },
  },
  {
    fault: 'two clients start one process',
    outcome: 'the shim of containerd 1.7 and 2 dies later',
    notShown: 'the API has no start of a process that another client has made',
  },
  {
    fault: 'a shim is frozen',
    outcome: 'its container’s calls end at their limit, others go on, its exit comes later',
    shownBy: { file: shim, test: 'calls end at their time limit, others go on' },
  },
  {
    fault: 'a shim is frozen when a host recovers',
    outcome: 'three attempts of three seconds; the others are recovered meanwhile',
    shownBy: { file: host, test: 'goes on past a shim that hangs' },
  },
  {
    fault: 'runc fails in one of its commands',
    outcome: 'the call fails, nothing is left',
    shownBy: { file: shim, test: 'in its %s: the call fails, and nothing is left' },
  },
  {
    fault: 'a client dies while it deletes a task',
    outcome: 'the shim that containerd forgets is ended with the container’s removal',
    shownBy: { file: shim, test: 'the shim that the daemon forgets is ended by the next' },
  },
  {
    fault: 'host and containerd are killed while a task is made',
    outcome: 'the container goes whole, with the shim that containerd 1.6 abandons',
    shownBy: { file: host, test: 'the runtime’s part: it goes with all that belongs to it' },
  },
  {
    fault: 'the host is killed while output flows',
    outcome: 'the next one goes on reading, and the exit is told once',
    shownBy: { file: host, test: 'while output flows: the next one goes on reading' },
  },
  {
    fault: 'processes end while there is no host',
    outcome: 'each exit is told once, by the next one',
    shownBy: { file: host, test: 'and processes end while there is none' },
  },
  {
    fault: 'the host is killed between create and start',
    outcome: 'the next one finds the container, and starts it',
    shownBy: { file: host, test: 'between create and start: the next one starts it' },
  },
  {
    fault: 'the host is killed in a handler, containerd being down',
    outcome: 'the next one has the true code from the journal',
    shownBy: { file: host, test: 'in a handler, with the daemon away' },
  },
  {
    fault: 'host and containerd are killed, and a process ends',
    outcome: 'the true code from containerd 1.6; `lost` from 1.7 and 2',
    shownBy: { file: host, test: 'with the daemon, and a process ends' },
  },
  {
    fault: 'the host is told to end (SIGTERM)',
    outcome: 'nothing false is told; the next one tells the ends',
    shownBy: { file: host, test: 'and closes: nothing is told, containers go on' },
  },
  {
    fault: 'the host is killed in a pull, again and again',
    outcome: 'the next pull goes on with what is there',
    shownBy: {
      file: 'e2e/images-pull-resume.e2e.test.ts',
      test: 'is gone on with by the next, and leaves nothing',
    },
  },
  {
    fault: 'the host’s event loop is blocked',
    outcome: 'what ends and prints meanwhile is read and told afterwards',
    shownBy: { file: host, test: 'its event loop is blocked' },
  },
  {
    fault: 'nobody reads the output',
    outcome: 'the process waits; memory stays flat',
    shownBy: {
      file: 'e2e/stdio.e2e.test.ts',
      test: 'of a writer whose reader stops wait, and hold up nothing else',
    },
  },
  {
    fault: 'a process prints a hundred megabytes and ends',
    outcome: 'every byte comes, before its exit, in flat memory',
    shownBy: { file: 'e2e/stdio.e2e.test.ts', test: 'MB of them, at a flat memory' },
  },
  {
    fault: 'who writes the input dies',
    outcome: 'the input stays open, and the next one ends it',
    shownBy: {
      file: 'e2e/stdio.e2e.test.ts',
      test: 'attaches after the first was killed, and goes on where that one was',
    },
  },
  {
    fault: 'terminals come, change their size and end, many at once',
    outcome: 'each end is told; no descriptor stays in the client or in containerd',
    shownBy: { file: process, test: 'that come, change their size and end' },
  },
  {
    fault: 'events are published faster than they are read',
    outcome: 'all of them come while the connection lives',
    shownBy: { file: process, test: 'reaches a slow reader whole' },
  },
  {
    fault: 'events are lost while containerd is down',
    outcome: 'a `gap` event says so, once',
    shownBy: { file: events, test: 'go on after a restart of the daemon, with a gap' },
  },
  {
    fault: 'events come twice, late, or of an earlier life',
    outcome: 'no end is told of them that has not been',
    shownBy: {
      file: 'packages/containers/test/exits/event-source.test.ts',
      test: 'is believed of the process that was seen',
    },
  },
  {
    fault: 'a process ignores SIGTERM',
    outcome: 'SIGKILL after the grace',
    shownBy: { file: process, test: 'that ignores SIGTERM is killed' },
  },
  {
    fault: 'a container is paused when it is destroyed',
    outcome: 'it is ended all the same',
    shownBy: { file: process, test: 'that is paused is ended all the same' },
  },
  {
    fault: 'zombies, double forks, children that outlive their parent',
    outcome: 'the container ends with its own process',
    shownBy: { file: process, test: 'that leaves zombies and children of its own' },
  },
  {
    fault: 'fifty processes end in the same instant',
    outcome: 'each is told once, with its own code',
    shownBy: { file: process, test: 'that end in the same instant' },
  },
  {
    fault: 'memory runs out',
    outcome: '137 with `oomKilled`, and an `oom` event',
    shownBy: { file: events, test: 'hear of ends and of a lack of memory' },
  },
  {
    fault: 'a container forks without end',
    outcome: 'it fails within its limit of processes; others go on',
    shownBy: { file: process, test: 'fails within its limit of processes' },
  },
  {
    fault: 'a container is destroyed twice at once',
    outcome: 'one succeeds, the other too or with `not-found`; nothing is left',
    shownBy: { file: process, test: 'that destroy one container at once' },
  },
  {
    fault: 'a container is destroyed while it runs',
    outcome: 'it is ended first, by its stop signal, then by SIGKILL',
    shownBy: { file: 'e2e/container-states.e2e.test.ts', test: 'of a container that is %s' },
  },
  {
    fault: 'twenty clients make one container at once',
    outcome: 'one has it, the others get `already-exists` and leave nothing',
    shownBy: { file: process, test: 'that make a container of one id at once' },
  },
  {
    fault: 'two hosts make, start and destroy one container at once',
    outcome: 'each call is done, or fails with a code; nothing runs in the end',
    shownBy: { file: host, test: 'that make, start and destroy one container at once' },
  },
  {
    fault: 'another client deletes the record of a container that runs',
    outcome: 'its end is told; it can be ended by its id; nothing is left',
    shownBy: { file: process, test: 'the end of one is told, another is ended by its id' },
  },
  {
    fault: 'a snapshot is removed under a task',
    outcome: 'refused',
    shownBy: { file: 'e2e/snapshots.e2e.test.ts', test: 'are not removed under a running task' },
  },
  {
    fault: 'a snapshot is removed that another stands on',
    outcome: 'refused',
    shownBy: {
      file: 'e2e/snapshots-conformance.e2e.test.ts',
      test: 'removes only what nothing stands on (Remove)',
    },
  },
  {
    fault: 'the disk of containerd and of the pipes is full',
    outcome: '`storage-full` for what needs room, nothing is left of it; what runs goes on',
    shownBy: {
      file: 'e2e/faults/disk.e2e.test.ts',
      test: 'the disk of the daemon and of the pipes is full',
    },
  },
  {
    fault: 'the same disk has no inodes, or takes no change any more',
    outcome: '`storage-full` or `failed-precondition` (`read-only`), and the same',
    shownBy: {
      file: 'e2e/faults/disk.e2e.test.ts',
      test: 'the disk has no inode left, or takes no change any more',
    },
  },
  {
    fault: 'the disk of the journal is full',
    outcome: 'the exit is told all the same, and the failure is reported',
    shownBy: {
      file: 'packages/containers/test/exits/exit-watcher.test.ts',
      test: 'reports a journal that cannot be written, and tells the exit all the same',
    },
  },
  {
    fault: 'the host’s clock jumps by a day',
    outcome: 'nothing ends early or late; ends have the daemon’s time',
    shownBy: { file: host, test: 'its clock jumps by a day' },
  },
  {
    fault: 'the host has no descriptors left',
    outcome: 'calls fail and leave nothing; what it has goes on',
    shownBy: { file: host, test: 'it has no descriptors left' },
  },
  {
    fault: 'containerd collects garbage all the time',
    outcome: 'nothing that is being made is lost',
    shownBy: {
      file: 'e2e/gc-storm.e2e.test.ts',
      test: 'takes nothing of a pull, an unpack, a container, a commit',
    },
  },
  {
    fault: 'a lease expires under what it holds',
    outcome: 'its holder is told that it is lost',
    shownBy: {
      file: 'e2e/leases.e2e.test.ts',
      test: 'that cannot be renewed in time says that it is lost',
    },
  },
  {
    fault: 'content is damaged on the disk, or gone from it',
    outcome: '`data-loss` or `not-found` when it is read or unpacked; the next pull mends it',
    shownBy: {
      file: 'e2e/images-pull-mended.e2e.test.ts',
      test: 'whose file %s is told, and a pull mends it: %s',
    },
  },
  {
    fault: 'a mount is busy when it is to go',
    outcome: 'it goes when it can',
    shownBy: {
      file: 'e2e/snapshots.e2e.test.ts',
      test: 'is unmounted also while somebody is in it',
    },
  },
  {
    fault: 'somebody of the host is in a container’s root when it is destroyed',
    outcome: '`failed-precondition` (`in-use`), until that one has left',
    shownBy: {
      file: 'e2e/create.e2e.test.ts',
      test: 'holds its container, which goes when that one has left',
    },
  },
  {
    fault: 'a registry recovers from a fault',
    outcome: 'the pull goes on where it was',
    shownBy: { file: hostile, test: '%s: the pull succeeds' },
  },
  {
    fault: 'a registry serves something false, or nothing, or for ever',
    outcome: 'the pull fails with a code, and nothing stays',
    shownBy: { file: hostile, test: '%s: the pull fails, and nothing stays' },
  },
  {
    fault: 'input that cannot be: ids, names, paths',
    outcome: 'a typed error that names the field, before anything is sent',
    shownBy: { file: 'e2e/bad-input.e2e.test.ts', test: 'input that cannot be' },
  },
  {
    fault: 'a container, or a list of them, is larger than a message may be',
    outcome: '`too-large`, and nothing is left; lists come whole',
    shownBy: { file: process, test: 'in one container is refused and leaves nothing' },
  },
  {
    fault: 'all of it at random',
    outcome: 'each exit is counted once, with its true code; nothing is left',
    shownBy: {
      file: 'e2e/faults/chaos.e2e.test.ts',
      test: 'exits are counted once, with their true codes',
    },
  },
];
