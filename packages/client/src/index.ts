export {
  type CreateClientOptions,
  createClient,
  type DefaultClient,
  defaultClient,
} from './create-client.js';
