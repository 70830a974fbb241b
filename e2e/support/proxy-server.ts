import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

/** An HTTP proxy that reaches one server, whatever it is asked for. */
export interface ProxyServer extends AsyncDisposable {
  /** `http://127.0.0.1:12345` */
  readonly url: string;
  /** `CONNECT registry.example:443`, `GET http://registry.example/v2/…` */
  readonly asked: string[];
}

/** @param target - `127.0.0.1:12345` */
export async function proxyServer(target: string): Promise<ProxyServer> {
  const asked: string[] = [];
  const { hostname, port } = new URL(`http://${target}`);
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { pathname, search } = new URL(request.url ?? '/');
    const { method, headers } = request;
    const on = http.request({ hostname, port, method, headers, path: pathname + search });
    on.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    on.on('error', () => response.destroy());
    request.pipe(on);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    const on = net.connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      on.pipe(socket).pipe(on);
    });
    on.on('error', () => socket.destroy());
    socket.on('error', () => on.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
