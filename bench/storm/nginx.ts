/** nginx as an operator would set it up for netboot: Debian's defaults, static files, TLS for what carries a secret. */
import { join } from "node:path";
import { layout } from "../../cluster/layout.ts";
import type { Site } from "./site.ts";

/** Tokens and reports are answered with a fixed text: nobody checks or keeps anything, which is less than we do. */
export function nginxConfiguration({ bsroot }: Site, folder: string): string {
  const www = join(folder, "www");
  return `daemon off;
user root;
pid ${join(folder, "nginx.pid")};
error_log ${join(folder, "nginx-errors.log")};
worker_processes auto;
worker_rlimit_nofile 20000;
events { worker_connections 8192; }
http {
  access_log ${join(folder, "nginx-access.log")};
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  client_body_temp_path ${join(folder, "nginx")};
  proxy_temp_path ${join(folder, "nginx")};
  fastcgi_temp_path ${join(folder, "nginx")};
  scgi_temp_path ${join(folder, "nginx")};
  uwsgi_temp_path ${join(folder, "nginx")};
  server {
    listen 80 backlog=1024;
    location /static/ { alias ${join(bsroot, layout.static)}/; }
    location / { root ${www}; }
  }
  server {
    listen 443 ssl backlog=1024;
    ssl_certificate ${join(bsroot, layout.tls.bootstrapper)};
    ssl_certificate_key ${join(bsroot, layout.tls.bootstrapperKey)};
    location /grant/ { return 200 "${"0".repeat(64)}"; }
    location /report/ { return 200 "noted\\n"; }
    location / { root ${www}; }
  }
}
`;
}
