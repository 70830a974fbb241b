// Makes a fresh clone ready and starts its demo or its tests. Plain JavaScript on Node alone: the
// dependencies that the rest of the repository needs may not be there yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Debian packages whose programs are run; `test` needs those of `demo` too. */
const demoPackages = ['containerd', 'runc', 'busybox-static'];
const testPackages = [
  ...[...demoPackages, 'docker-registry', 'skopeo', 'umoci', 'openssl', 'git', 'zstd'],
];

const commands = {
  demo: { packages: demoPackages, main: 'examples/demo/main.ts' },
  test: { packages: testPackages, main: 'tools/test/main.ts' },
};

const [name = '', ...rest] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined)
  stop(`usage: node tools/bootstrap.mjs ${Object.keys(commands).join('|')}`);
requireNode(20, 19);
installModules();
installPackages(command.packages);
// Ctrl-C is for the program that is started: it cleans up, and its end is ours.
process.on('SIGINT', () => {});
const fromSource = ['--conditions=@ctrd/source', '--import', 'tsx'];
process.exit(run(process.execPath, [...fromSource, command.main, ...rest], { stdio: 'inherit' }));

function requireNode(major, minor) {
  const [a = 0, b = 0] = process.versions.node.split('.').map(Number);
  if (a > major || (a === major && b >= minor)) return;
  stop(`Node.js ${major}.${minor} or newer is needed; this is ${process.versions.node}`);
}

function installModules() {
  if (modulesAreCurrent()) return;
  console.log('installing node modules ...');
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  if (!withRetries(() => run('npm', args))) stop('npm cannot install the node modules');
}

/** Whether everything that the lockfile asks for on this platform is installed as it says. */
function modulesAreCurrent() {
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(packagesIn('package-lock.json')).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true || wanted.peer === true;
    return found.version === wanted.version && existsSync(join(repository, path));
  });
}

function packagesIn(lockfile) {
  try {
    return JSON.parse(readFileSync(join(repository, lockfile), 'utf8')).packages;
  } catch {
    return {};
  }
}

function installPackages(wanted) {
  const missing = wanted.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  if (process.getuid?.() !== 0 || run('apt-get', ['--version'], { stdio: 'ignore' }) !== 0) {
    stop(
      `these programs are missing: ${missing.join(' ')}\nOn Debian, as root: ${install.join(' ')}`,
    );
  }
  console.log(`installing ${missing.join(' ')} ...`);
  const apt = (...args) =>
    run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  const done = withRetries(() => {
    apt('update');
    return apt(...install.slice(1));
  });
  if (!done) stop(`apt-get cannot install ${missing.join(' ')}`);
}

function isInstalled(name) {
  const { stdout } = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' });
  return /^Status: .* installed$/m.test(stdout ?? '');
}

/** Runs a program without standard input and gives its exit code. */
function run(program, args, options = {}) {
  const stdio = options.stdio ?? ['ignore', 'inherit', 'inherit'];
  const { status, signal } = spawnSync(program, args, { cwd: repository, ...options, stdio });
  return signal === null ? (status ?? 127) : 1;
}

/** Networks fail; three attempts. */
function withRetries(attempt) {
  for (let left = 3; left > 0; left--) if (attempt() === 0) return true;
  return false;
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
