import { invalidArgument } from '@ctrd/core';
import { checkAbsolute, checkInteger, largestId } from './check.js';
import type { DeviceRule, SpecChange, SpecDevice } from './runtime-spec.js';

/** Device nodes in the container, which it may read, write and make. */
export function withDevices(devices: readonly SpecDevice[]): SpecChange {
  const added = devices.map(checkedDevice);
  return (spec) => {
    const nodes = new Map((spec.linux.devices ?? []).map((device) => [device.path, device]));
    for (const device of added) nodes.set(device.path, device);
    const rules = spec.linux.resources?.devices ?? [];
    const missing = added.flatMap(ruleOf).filter((rule) => !rules.some((r) => isSame(r, rule)));
    return {
      ...spec,
      linux: {
        ...spec.linux,
        devices: [...nodes.values()],
        resources: { ...spec.linux.resources, devices: [...rules, ...missing] },
      },
    };
  };
}

/** Lets the container use every device of which it has, or makes, a node. */
export function withAllDevicesAllowed(): SpecChange {
  return (spec) => ({
    ...spec,
    linux: {
      ...spec.linux,
      resources: { ...spec.linux.resources, devices: [{ allow: true, access: 'rwm' }] },
    },
  });
}

function checkedDevice(device: SpecDevice, index: number): SpecDevice {
  const field = `devices[${index}]`;
  checkAbsolute(`${field}.path`, device.path);
  if (!['c', 'b', 'u', 'p'].includes(device.type)) {
    throw invalidArgument(`${field}.type`, 'be c, b, u or p', device.type);
  }
  checkInteger(`${field}.major`, device.major, { from: 0, to: 0xfff });
  checkInteger(`${field}.minor`, device.minor, { from: 0, to: 0xfffff });
  checkInteger(`${field}.fileMode`, device.fileMode, { from: 0, to: 0o7777 });
  checkInteger(`${field}.uid`, device.uid, { from: 0, to: largestId });
  checkInteger(`${field}.gid`, device.gid, { from: 0, to: largestId });
  return { ...device };
}

/** A FIFO needs no rule, and an unbuffered device is a character device for the kernel. */
function ruleOf({ type, major, minor }: SpecDevice): readonly DeviceRule[] {
  if (type === 'p') return [];
  return [{ allow: true, type: type === 'u' ? 'c' : type, major, minor, access: 'rwm' }];
}

function isSame(one: DeviceRule, other: DeviceRule): boolean {
  return (['allow', 'type', 'major', 'minor', 'access'] as const).every(
    (name) => one[name] === other[name],
  );
}
