// Containers that were made before, for a program that must stay small: nothing of images, pools and
// private daemons is loaded with it.
export { containers } from '@ctrd/containers';
export { snapshots } from '@ctrd/snapshots';
