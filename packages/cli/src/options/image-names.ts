/** An image's name as people write it: `alpine:3` for `docker.io/library/alpine:3`. */
export function familiar(image: string): string {
  return image.replace(/^docker\.io\/(library\/)?/, '');
}

/** Whether a name means an image: `alpine` and `alpine:3` mean `docker.io/library/alpine:3`. */
export function isCalled(image: string, name: string): boolean {
  const short = familiar(image);
  const names = [image, short, image.slice(image.lastIndexOf('/') + 1)];
  return names.includes(name) || [image, short].map(withoutTag).includes(name);
}

const withoutTag = (image: string): string => image.replace(/(:[^/@]*)?(@.*)?$/, '');
