// Adds up the counts of tests and checks and prints them: `N passed, N failed`. What left no count
// behind has not run, and counts as one failure. The arguments are the exit codes of both.
import { readFileSync } from 'node:fs';

const folder = new URL('../../.cache/results/', import.meta.url);
const total = { passed: 0, failed: 0 };
for (const [index, name] of ['tests', 'checks'].entries()) {
  const { passed, failed } = countOf(name);
  total.passed += passed;
  // Whoever says that something failed is believed, also without saying what.
  total.failed += process.argv[2 + index] === '0' ? failed : Math.max(failed, 1);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

function countOf(name) {
  try {
    return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  } catch {
    return { passed: 0, failed: 1 };
  }
}
