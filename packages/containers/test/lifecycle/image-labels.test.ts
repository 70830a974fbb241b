import { describe, expect, it } from 'vitest';
import { imageLabels } from '../../src/lifecycle/image-labels.js';

describe('the labels of an image', () => {
  it.each([
    'ctrd/exit-code',
    'containerd.io/restart.status',
    'nerdctl/name',
    'io.cri-containerd.kind',
    'io.kubernetes.pod.name',
    'io.kubernetes.container.name',
    '',
  ])('do not reach a container when programs act on them: %j', (key) => {
    expect(imageLabels({ [key]: 'x', team: 'ci' })).toEqual({ team: 'ci' });
  });

  it('reach it when they are for people', () => {
    const labels = { 'io.k8s.display-name': 'Web', 'org.opencontainers.image.title': 'web' };
    expect(imageLabels(labels)).toEqual(labels);
  });
});
