#!/usr/bin/env node
import { main } from '../dist/main.js';

// Not only the code: the pipes of a process that was left would keep this one alive. What was
// printed is out by now, since Node writes to terminals, files and pipes at once on Linux.
process.exit(await main(process.argv.slice(2)));
