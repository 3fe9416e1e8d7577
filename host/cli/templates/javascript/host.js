// The host for tests under Node: the imports of the contract. Add here what the plug-in imports.
import { register } from 'node:module';

// Lines that the plug-in logged.
export const logged = [];
globalThis.emit = (level, message) => logged.push(`${level} ${message}`);

const imports = { log: 'export const emit = (...line) => globalThis.emit(...line);' };

const loader = `
  const imports = ${JSON.stringify(imports)};
  export async function resolve(specifier, context, next) {
    const [, name] = /^dropins:client-auth\\/([a-z]+)@/.exec(specifier) ?? [];
    return name ? { url: 'data:text/javascript,' + encodeURIComponent(imports[name]), shortCircuit: true }
      : next(specifier, context);
  }`;
register(`data:text/javascript,${encodeURIComponent(loader)}`);
