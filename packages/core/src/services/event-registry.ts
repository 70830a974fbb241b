import { createRegistry, type Registry } from '@bufbuild/protobuf';

let loading: Promise<Registry> | undefined;

/** The messages of events, loaded when somebody first listens. */
export function eventRegistry(): Promise<Registry> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Registry> {
  const [events, images] = await Promise.all([
    import('@ctrd/api/events'),
    import('@ctrd/api/services/images/v1/events'),
  ]);
  return createRegistry(
    events.file_containerd_events_events,
    images.file_containerd_services_images_v1_events,
  );
}
