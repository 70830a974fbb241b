export { library as default } from '../../tsup.base.js';
