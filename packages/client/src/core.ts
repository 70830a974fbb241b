// The kernel alone, for a program that must start fast: nothing of containers, images, snapshots and
// private daemons is loaded with it.
export { CtrdError, ctrd, hasCode, invalidArgument, Owner } from '@ctrd/core';
