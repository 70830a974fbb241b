#!/usr/bin/env sh
':' //; exec node -- "$0" "$@"
// For the shell, this is the program above; for Node, which it starts, all that follows. Node looks
// for its own --env-file among the arguments of a program, unless there is a -- before that. Not by
// env -S, which BusyBox does not have.
import { main } from '../dist/main.js';

process.exitCode = await main(process.argv.slice(2));
