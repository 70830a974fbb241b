import { fitsLabel } from '@ctrd/core';

type Labels = Readonly<Record<string, string>>;

/**
 * Labels that say something to programs, this one included: how a container has ended, when the
 * daemon starts it again and which program of the host gets its output then, which blobs it holds,
 * which pod it is of.
 */
const ofPrograms = [
  'ctrd/',
  'containerd.io/',
  'nerdctl/',
  'io.cri-containerd',
  'io.kubernetes.',
] as const;

/**
 * An image's labels as its containers carry them: none of those that programs act on, since whoever
 * made the image has no say there, and none that the daemon would refuse.
 */
export function imageLabels(labels: Labels): Labels {
  const isPlain = (key: string) => !ofPrograms.some((prefix) => key.startsWith(prefix));
  return Object.fromEntries(
    Object.entries(labels).filter(
      ([key, value]) => key !== '' && isPlain(key) && fitsLabel(key, value),
    ),
  );
}
